import { readLiveState, specLabel } from "../../execute/docker/live-state.ts";
import { describeLost, lostNetworks } from "../../execute/docker/networks.ts";
import { changedFiles } from "../../execute/docker/live-tree.ts";
import { type StateLayout, stateLayout } from "../../execute/state/layout.ts";
import { type Applied, readApplied, readIdentity, readRecordedPlan } from "../../execute/state/state-store.ts";
import type { Component, LocalizedText, Plan } from "../../plan/model.ts";
import type { ContainerState } from "../../platform/ports.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { type NotInstalled, notInstalledIn, type PublicUrl, urlsOf } from "./summary.ts";

export type StatusRequest = InstallTarget;

export interface ComponentStatus {
  readonly id: string;
  readonly title: LocalizedText;
  readonly presence: "embedded" | "external";
  /** `missing` when its container is gone, `external` when it runs somewhere else. */
  readonly state:
    | "created"
    | "running"
    | "paused"
    | "restarting"
    | "removing"
    | "exited"
    | "dead"
    | "missing"
    | "external";
  readonly health: "none" | "starting" | "healthy" | "unhealthy" | "unknown";
  readonly ok: boolean;
  readonly container?: string;
  readonly containerId?: string;
  readonly image?: string;
  readonly imageId?: string;
  readonly digest?: string;
  readonly startedAt?: string;
  readonly uptimeSeconds?: number;
  readonly restarts?: number;
  readonly exitCode?: number;
  readonly ports: readonly {
    readonly address: string;
    readonly hostPort: number;
    readonly containerPort: number;
    readonly protocol: string;
  }[];
  readonly urls: readonly string[];
  /** What differs from what was installed, for example `image changed by hand`. */
  readonly drift: readonly string[];
}

export interface StatusResult extends ResultHead<"StatusResult"> {
  readonly name: string;
  readonly installed: boolean;
  /** `healthy`: everything that is installed serves. */
  readonly overall: "healthy" | "degraded" | "stopped" | "not-installed";
  readonly version?: string;
  readonly profile?: string;
  readonly release?: number;
  readonly installedAt?: string;
  readonly engine: { readonly version: string; readonly apiVersion: string };
  readonly components: readonly ComponentStatus[];
  readonly notInstalled: readonly NotInstalled[];
  /** Containers of this project that no install of ours made. */
  readonly foreign: readonly string[];
  readonly urls: readonly PublicUrl[];
}

/**
 * The live state of the platform, read from the engine. The caller turns `overall` other than healthy into exit 7.
 * @throws PreflightError when no engine answers
 */
export async function status(request: StatusRequest, ports: ActionPorts): Promise<StatusResult> {
  const layout = stateLayout(request.stateDir);
  const [plan, applied, info] = await Promise.all([
    readRecordedPlan(ports.fs, layout),
    readApplied(ports.fs, layout),
    ports.docker.info(),
  ]);
  const engine = { version: info.version, apiVersion: info.apiVersion };
  const project = applied.project ?? request.name;
  const [live, networks] = await Promise.all([
    readLiveState(ports.docker, project, plan?.components.map(({ id }) => id) ?? []),
    ports.docker.networks(project),
  ]);
  const head = { apiVersion: "slipway/v1", kind: "StatusResult", name: request.name, engine } as const;
  const foreign = live.foreign.map((container) => container.name);
  if (plan === undefined || (applied.planHash === "" && live.services.size === 0)) {
    return { ...head, installed: false, overall: "not-installed", components: [], notInstalled: [], foreign, urls: [] };
  }
  const components = await Promise.all(
    plan.components
      .filter((component) => component.presence !== "off")
      .map(async (component) => {
        const container = live.services.get(component.id);
        const found = await componentStatus(component, container, applied, ports);
        if (container === undefined) return found;
        return { ...found, drift: [...found.drift, ...describeLost(lostNetworks(plan, project, container, networks))] };
      }),
  ).then((found) => withChangedFiles(found, layout, applied, ports));
  return {
    ...head,
    installed: true,
    overall: overallOf(components),
    ...recordedFacts(plan, applied),
    components,
    notInstalled: notInstalledIn(plan),
    foreign,
    urls: urlsOf(plan),
  };
}

/** A container reads its files from the state directory; what somebody wrote into them is drift too. */
async function withChangedFiles(
  components: readonly ComponentStatus[],
  layout: StateLayout,
  applied: Applied,
  ports: ActionPorts,
): Promise<readonly ComponentStatus[]> {
  const identity = await readIdentity(ports.fs, layout);
  if (identity === undefined) return components;
  const changed = await changedFiles(ports.fs, layout.live, applied, identity.digestKey);
  return components.map((component) => {
    const paths = applied.units.find((unit) => unit.id === component.id)?.filePaths ?? [];
    const drift = paths.filter((path) => changed.includes(path)).map((path) => `live file ${path} was changed`);
    return drift.length === 0 ? component : { ...component, drift: [...component.drift, ...drift] };
  });
}

function recordedFacts(plan: Plan, applied: Applied): Partial<StatusResult> {
  return {
    version: plan.install.version,
    profile: plan.install.profile,
    release: applied.release,
    ...(applied.installedAt === undefined ? {} : { installedAt: applied.installedAt }),
  };
}

function overallOf(components: readonly ComponentStatus[]): StatusResult["overall"] {
  const embedded = components.filter((component) => component.presence === "embedded");
  if (embedded.every((component) => component.ok)) return "healthy";
  const down: readonly ComponentStatus["state"][] = ["exited", "created", "missing"];
  return embedded.every((component) => down.includes(component.state)) ? "stopped" : "degraded";
}

async function componentStatus(
  component: Component,
  found: ContainerState | undefined,
  applied: Applied,
  ports: ActionPorts,
): Promise<ComponentStatus> {
  const head = { id: component.id, title: component.title, urls: component.links.map((link) => link.url) };
  if (component.workload === undefined) {
    return { ...head, presence: "external", state: "external", health: "unknown", ok: true, ports: [], drift: [] };
  }
  // It may be removed between the list and this question.
  const seen = found === undefined ? undefined : await ports.docker.inspect(found.id).catch(() => undefined);
  if (seen === undefined) {
    const drift = ["its container is gone"];
    return { ...head, presence: "embedded", state: "missing", health: "unknown", ok: false, ports: [], drift };
  }
  const digests = await ports.docker.imageDigests(seen.imageId).catch(() => []);
  const running = seen.state === "running";
  const started = running && seen.startedAt !== undefined ? Date.parse(seen.startedAt) : undefined;
  return {
    ...head,
    presence: "embedded",
    state: seen.state,
    health: running ? seen.health : "unknown",
    ok: running && (seen.health === "healthy" || seen.health === "none"),
    container: seen.name,
    containerId: seen.id,
    image: seen.image,
    imageId: seen.imageId,
    ...(digests[0] === undefined ? {} : { digest: digests[0] }),
    ...(seen.startedAt === undefined ? {} : { startedAt: seen.startedAt }),
    ...(started === undefined
      ? {}
      : { uptimeSeconds: Math.max(0, Math.round((ports.clock.now().getTime() - started) / 1000)) }),
    restarts: seen.restarts ?? 0,
    ...(running || seen.exitCode === undefined ? {} : { exitCode: seen.exitCode }),
    ports: seen.ports,
    drift: driftOf(component, seen, applied),
  };
}

function driftOf(component: Component, seen: ContainerState, applied: Applied): readonly string[] {
  const unit = applied.units.find((candidate) => candidate.id === component.id);
  const recorded = applied.services[component.id];
  return [
    ...(unit !== undefined && seen.labels[specLabel] !== unit.specHash
      ? ["its definition is not the installed one"]
      : []),
    ...(unit !== undefined && seen.image !== unit.image ? [`it runs ${seen.image} instead of ${unit.image}`] : []),
    ...(recorded !== undefined && recorded.containerId !== seen.id ? ["its container was replaced by hand"] : []),
  ];
}
