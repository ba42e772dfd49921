import { bringUpJobs } from "../../execute/docker/bring-up.ts";
import {
  imageReferences,
  type LiveState,
  matchesUnit,
  planFingerprint,
  readLiveState,
} from "../../execute/docker/live-state.ts";
import { changedFiles } from "../../execute/docker/live-tree.ts";
import { describeLost, lostNetworks } from "../../execute/docker/networks.ts";
import { liveVolumes } from "../../execute/docker/volumes.ts";
import { describeChanges, settingsChanges } from "../../execute/plan-diff.ts";
import { type StateLayout, stateLayout } from "../../execute/state/layout.ts";
import { type Applied, readApplied, readIdentity, readRecordedPlan } from "../../execute/state/state-store.ts";
import type { Plan } from "../../plan/model.ts";
import type { ComposeUnit } from "../../render/compose/compose-rendering.ts";
import { describeState } from "../status/describe-state.ts";
import type { ActionPorts, InstallTarget, ResultHead, ValuesSelection } from "../context.ts";
import { type Desired, loadDesired } from "../desired/desired.ts";
import type { GivenBundle } from "../bundle/given-bundle.ts";

export interface PlanRequest extends InstallTarget {
  readonly values: ValuesSelection;
  /** Compare with what was recorded only; the engine is not asked. */
  readonly offline?: boolean;
  /** Take the images of this bundle. */
  readonly bundle?: GivenBundle;
  /** With a bundle: the private registry that has its images. */
  readonly registry?: string;
}

export type ChangeAction = "create" | "recreate" | "restart" | "run" | "remove" | "unchanged";

/** What happens to one component, job or volume, and why. */
export interface Change {
  readonly subject: "component" | "job" | "volume";
  readonly id: string;
  readonly action: ChangeAction;
  /** For example `resources.memoryMiB 512 → 1024`. */
  readonly reasons: readonly string[];
}

export interface PlanResult extends ResultHead<"PlanResult"> {
  readonly name: string;
  readonly profile: string;
  /** What `install --plan-hash` insists on; of an offline plan it stands for the plan alone and is refused there. */
  readonly hash: string;
  readonly offline: boolean;
  readonly changed: boolean;
  readonly counts: Readonly<Record<ChangeAction, number>>;
  readonly changes: readonly Change[];
}

/**
 * Says what an install would create, change, recreate and remove, and changes nothing.
 * @throws ValuesError, PreflightError
 */
export async function plan(request: PlanRequest, ports: ActionPorts): Promise<PlanResult> {
  const offline = request.offline === true;
  return planDesired(await loadDesired(request, ports, { offline }), request, ports);
}

/** Compares what is wanted with what is recorded and, unless offline, with what the engine has. */
export async function planDesired(
  desired: Desired,
  request: InstallTarget & { readonly offline?: boolean },
  ports: Pick<ActionPorts, "docker" | "fs">,
): Promise<PlanResult> {
  const layout = stateLayout(request.stateDir);
  const offline = request.offline === true;
  const [recorded, applied] = await Promise.all([readRecordedPlan(ports.fs, layout), readApplied(ports.fs, layout)]);
  const sight = offline
    ? recordedSight(desired, applied)
    : {
        ...(await liveSight(desired, request.name, ports)),
        changedFiles: await changedLiveFiles(ports.fs, layout, applied),
      };
  const changes = listChanges(desired, recorded, applied, sight);
  const counts = { create: 0, recreate: 0, restart: 0, run: 0, remove: 0, unchanged: 0 };
  for (const change of changes) counts[change.action] += 1;
  return {
    apiVersion: "slipway/v1",
    kind: "PlanResult",
    name: request.name,
    profile: desired.plan.install.profile,
    hash: planFingerprint(desired.plan, desired.rendering, sight.imageIds, sight.live?.containers),
    offline,
    changed: changes.some((change) => change.action !== "unchanged"),
    counts,
    changes,
  };
}

/** What there is, however it was found out. */
interface Sight {
  readonly live: LiveState | undefined;
  readonly imageIds: ReadonlyMap<string, string>;
  readonly volumes: ReadonlySet<string>;
  readonly has: (unit: ComposeUnit) => "missing" | "different" | "same";
  readonly present: readonly string[];
  /** What is wrong with how a component's container is attached. */
  readonly lost: (id: string) => readonly string[];
  /** Paths of files in the live tree that are not as they were written. */
  readonly changedFiles: readonly string[];
}

type EngineSight = Omit<Sight, "changedFiles">;

async function changedLiveFiles(
  fs: ActionPorts["fs"],
  layout: StateLayout,
  applied: Applied,
): Promise<readonly string[]> {
  const identity = await readIdentity(fs, layout);
  return identity === undefined ? [] : changedFiles(fs, layout.live, applied, identity.digestKey);
}

async function liveSight(desired: Desired, name: string, ports: Pick<ActionPorts, "docker">): Promise<EngineSight> {
  const wanted = desired.rendering.services.map((unit) => unit.id);
  const { project } = desired.rendering;
  const [live, imageIds, volumes, networks] = await Promise.all([
    readLiveState(ports.docker, project, wanted),
    ports.docker.imageIds(imageReferences(desired.rendering)),
    liveVolumes(ports.docker, name),
    ports.docker.networks(project),
  ]);
  const gone = live.leftovers.filter((container) => container.labels["dev.slipway.role"] === "service");
  return {
    live,
    imageIds,
    volumes: new Set(volumes.keys()),
    present: [...new Set(gone.map((container) => container.service))].filter((id) => !wanted.includes(id)),
    lost: (id) => {
      const container = live.services.get(id);
      return container === undefined ? [] : describeLost(lostNetworks(desired.plan, project, container, networks));
    },
    has: (unit) => {
      const container = live.services.get(unit.id);
      if (container === undefined) return "missing";
      return matchesUnit(container, unit, imageIds) ? "same" : "different";
    },
  };
}

function recordedSight(desired: Desired, applied: Applied): Sight {
  const recorded = new Map(applied.units.map((unit) => [unit.id, unit.specHash]));
  const wanted = desired.rendering.services.map((unit) => unit.id);
  return {
    live: undefined,
    changedFiles: [],
    lost: () => [],
    imageIds: new Map(),
    volumes: new Set(applied.volumeUnits.map((volume) => volume.engineName)),
    present: [...recorded.keys()].filter((id) => !wanted.includes(id)),
    has: (unit) => {
      const spec = recorded.get(unit.id);
      return spec === undefined ? "missing" : spec === unit.specHash ? "same" : "different";
    },
  };
}

function listChanges(desired: Desired, recorded: Plan | undefined, applied: Applied, sight: Sight): readonly Change[] {
  const volumes = desired.rendering.volumes.map((volume): Change => {
    const there = sight.volumes.has(volume.engineName);
    return {
      subject: "volume",
      id: volume.engineName,
      action: there ? "unchanged" : "create",
      reasons: there ? [] : ["new"],
    };
  });
  const components = desired.rendering.services.map((unit) => componentChange(desired, recorded, sight, unit));
  const jobs = bringUpJobs(desired.plan).map((job): Change => {
    const unit = desired.rendering.jobs.find((candidate) => candidate.id === job.id);
    const before = recorded?.jobs.find((candidate) => candidate.id === job.id);
    const known = applied.jobUnits.find((candidate) => candidate.id === job.id);
    const done = applied.jobs[job.id] !== undefined && known?.specHash === unit?.specHash;
    return {
      subject: "job",
      id: job.id,
      action: done ? "unchanged" : "run",
      reasons: done ? [] : describeChanges(before, job),
    };
  });
  const removed = sight.present.map(
    (id): Change => ({ subject: "component", id, action: "remove", reasons: [removalReason(desired.plan, id)] }),
  );
  return [...volumes, ...components, ...jobs, ...removed];
}

function componentChange(desired: Desired, recorded: Plan | undefined, sight: Sight, unit: ComposeUnit): Change {
  const head = { subject: "component", id: unit.id } as const;
  const after = desired.plan.components.find((component) => component.id === unit.id);
  const before = recorded?.components.find((component) => component.id === unit.id);
  const state = sight.has(unit);
  if (state === "missing") {
    const reason = before?.workload === undefined ? "new" : "its container is gone";
    return { ...head, action: "create", reasons: [reason] };
  }
  if (state === "different" && after !== undefined) {
    const reasons = [...describeChanges(before, after), ...settingsChanges(recorded, desired.plan)];
    return {
      ...head,
      action: "recreate",
      reasons: reasons.length === 0 ? ["its container or image differs from the plan"] : reasons,
    };
  }
  const lost = sight.lost(unit.id);
  if (lost.length > 0) return { ...head, action: "recreate", reasons: lost };
  const container = sight.live?.services.get(unit.id);
  if (container !== undefined && container.state !== "running") {
    return { ...head, action: "restart", reasons: [describeState(container)] };
  }
  const changed = unit.filePaths.filter((path) => sight.changedFiles.includes(path));
  if (changed.length > 0) return { ...head, action: "restart", reasons: changed.map(fileReason) };
  return { ...head, action: "unchanged", reasons: [] };
}

/** `files/gateway/etc/nginx/nginx.conf` lies below `live/`. */
function fileReason(path: string): string {
  return `live file ${path} was changed`;
}

function removalReason(plan: Plan, id: string): string {
  const component = plan.components.find((candidate) => candidate.id === id);
  return component === undefined ? "not part of the plan" : `mode is ${component.presence}`;
}
