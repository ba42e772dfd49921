import { commandOf, endedBadly, type RecordedRun } from "../../execute/history/run-history.ts";
import type { LiveService } from "../../targets/live-platform.ts";
import type { ComponentStatus, StatusResult } from "../status/status.ts";
import type { Look } from "./look.ts";
import { type Measured, type Metric, only, onlyMoment, secondsOf } from "./metric.ts";

const states: readonly Exclude<StatusResult["overall"], "not-installed">[] = [
  "healthy",
  "degraded",
  "incomplete",
  "stopped",
  "absent",
];

/** The platform as a whole, the look itself, and what was done. */
export const platformMetrics: readonly Metric[] = [
  {
    name: "slipway_look_ok",
    help: "Whether what the platform runs on answered; where it did not, only what the records say is told.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ({ live }) => only(live === undefined ? 0 : 1),
  },
  {
    name: "slipway_look_timestamp_seconds",
    help: "When the platform was last looked at.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ({ at }) => onlyMoment(at),
  },
  {
    name: "slipway_look_duration_seconds",
    help: "How long that look took.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ({ seconds }) => only(seconds),
  },
  {
    name: "slipway_build_info",
    help: "Always 1; the version of slipway that looked.",
    type: "gauge",
    labels: ["version"],
    from: "records",
    measure: ({ version }) => [{ labels: { version }, value: 1 }],
  },
  {
    name: "slipway_install_info",
    help: "Always 1; the version and profile that are installed, or are being installed.",
    type: "gauge",
    labels: ["version", "profile"],
    from: "records",
    measure: ({ records }) => {
      const { version, profile } = records.plan.install;
      return [{ labels: { version, profile }, value: 1 }];
    },
  },
  {
    name: "slipway_engine_info",
    help: "Always 1; the version of what runs the containers.",
    type: "gauge",
    labels: ["version", "api_version"],
    from: "live",
    measure: ({ live }) => {
      if (live === undefined) return [];
      const { version, apiVersion } = live.status.engine;
      return [{ labels: { version, api_version: apiVersion }, value: 1 }];
    },
  },
  {
    name: "slipway_platform_healthy",
    help: "Whether everything that is installed serves and is reached, no secret is gone and no disk is full.",
    type: "gauge",
    labels: [],
    from: "live",
    measure: ({ live }) => only(live === undefined ? undefined : flag(live.status.overall === "healthy")),
  },
  {
    name: "slipway_platform_state",
    help: "Which state the platform is in: 1 for that one, 0 for the others; slipway status says what they mean.",
    type: "gauge",
    labels: ["state"],
    from: "live",
    measure: ({ live }) =>
      live === undefined
        ? []
        : states.map((state) => ({ labels: { state }, value: flag(live.status.overall === state) })),
  },
  {
    name: "slipway_revision",
    help: "The changes that were completed.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ({ records }) => only(records.install.applied.release),
  },
  {
    name: "slipway_installed_timestamp_seconds",
    help: "When the last change was completed.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ({ records }) => onlyMoment(records.install.applied.installedAt),
  },
  {
    name: "slipway_change_incomplete",
    help: "Whether a change was begun and is not complete: it is under way, or did not end well.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ({ records }) => only(flag(records.install.applied.change !== undefined)),
  },
  {
    name: "slipway_change_begun_timestamp_seconds",
    help: "When the change began that is not complete; absent where there is none.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ({ records }) => onlyMoment(records.install.applied.change?.at),
  },
  {
    name: "slipway_last_run_failed",
    help: "Whether the last command that changed the install or its backups failed or was cut off.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ({ records }) => {
      const last = records.runs.findLast(({ result }) => result !== undefined);
      return last === undefined ? [] : only(flag(endedBadly(last)));
    },
  },
  {
    name: "slipway_run_success_timestamp_seconds",
    help: "When a command of this name last ended well, as far back as the history goes.",
    type: "gauge",
    labels: ["command"],
    from: "records",
    measure: ({ records }) => lastEnds(records.runs, ({ result }) => result === "complete"),
  },
  {
    name: "slipway_run_failure_timestamp_seconds",
    help: "When a command of this name last failed or was cut off, as far back as the history goes.",
    type: "gauge",
    labels: ["command"],
    from: "records",
    measure: ({ records }) => lastEnds(records.runs, endedBadly),
  },
];

/** What runs, component by component. */
export const componentMetrics: readonly Metric[] = [
  {
    name: "slipway_component_info",
    help: "Always 1; how a component is. The state is external where it runs somewhere else, and missing where its container is gone.",
    type: "gauge",
    labels: ["component", "state", "health", "image", "digest"],
    from: "live",
    measure: ofComponents(({ state, health, image = "", digest = "" }) => [
      { labels: { state, health, image, digest }, value: 1 },
    ]),
  },
  {
    name: "slipway_component_healthy",
    help: "Whether a component serves and is reached; of those that run here.",
    type: "gauge",
    labels: ["component"],
    from: "live",
    measure: ofComponents(({ presence, ok }) => (presence === "embedded" ? [{ value: flag(ok) }] : [])),
  },
  {
    name: "slipway_component_exit_code",
    help: "Exit status of a component whose container ended; absent while it runs.",
    type: "gauge",
    labels: ["component"],
    from: "live",
    measure: ofComponents(({ exitCode }) => only(exitCode)),
  },
  {
    name: "slipway_component_restarts_total",
    help: "How often the container of a component was started again since it was made; only of platforms in a cluster, which counts that.",
    type: "counter",
    labels: ["component"],
    from: "live",
    measure: ofComponents((_status, service) => only(service?.restarts)),
  },
  {
    name: "slipway_component_drift",
    help: "In how many ways a component is not as it was installed.",
    type: "gauge",
    labels: ["component"],
    from: "live",
    measure: ofComponents(({ presence, drift }) => (presence === "embedded" ? [{ value: drift.length }] : [])),
  },
  {
    name: "slipway_foreign_containers",
    help: "Containers under the name of the install that no install made.",
    type: "gauge",
    labels: [],
    from: "live",
    measure: ({ live }) => only(live?.status.foreign.length),
  },
  {
    name: "slipway_secret_troubles",
    help: "Secrets that are not those that the platform runs with: gone, changed by hand, or due to be made again.",
    type: "gauge",
    labels: ["state"],
    from: "live",
    measure: ({ live }) =>
      live === undefined
        ? []
        : (["gone", "changed", "due"] as const).map((state) => ({
            labels: { state },
            value: live.status.secrets.filter((secret) => secret.state === state).length,
          })),
  },
];

type OfComponent = (status: ComponentStatus, service: LiveService | undefined) => readonly Measured[];

/** The same of each component, with its id as label. */
function ofComponents(measure: OfComponent): Metric["measure"] {
  return ({ live }: Look) =>
    (live?.status.components ?? []).flatMap((status) =>
      measure(status, live?.live.services.get(status.id)).map(({ labels, value }) => ({
        labels: { component: status.id, ...labels },
        value,
      })),
    );
}

function flag(is: boolean): number {
  return is ? 1 : 0;
}

/** The last of the runs of each command; of one that was cut off it is known only when it began. */
function lastEnds(runs: readonly RecordedRun[], wanted: (run: RecordedRun) => boolean): readonly Measured[] {
  const ends = runs.filter(wanted).map((run) => [commandOf(run), secondsOf(run.at) + (run.ms ?? 0) / 1000] as const);
  return [...new Map(ends)].map(([command, value]) => ({ labels: { command }, value }));
}
