import { bringUpJobs } from "../../execute/bring-up-graph.ts";
import { describeChanges, settingsChanges } from "../../execute/plan-diff.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import type { Plan } from "../../plan/model.ts";
import { type ImpossibleChange, servicesOf, storeId, type Unit } from "../../render/rendering.ts";
import type { TargetRules } from "../../targets/target.ts";
import { isMadeOf } from "../../targets/live-platform.ts";
import type { GivenBundle } from "../bundle/given-bundle.ts";
import type { FilePorts, InstallTarget, ResultHead, ValuesSelection } from "../context.ts";
import { type Desired, loadDesired } from "../desired/desired.ts";
import type { ReturnedValue } from "../desired/returned-values.ts";
import type { RunJobPorts } from "../run-job/run-job.ts";
import { findElsewhere } from "../status/elsewhere.ts";
import { type NeededRegistration, registrationsIn } from "../status/summary.ts";
import { describeState } from "../status/describe-state.ts";
import type { FoundInside } from "./find-drift.ts";
import { type MovedAddress, movedAddresses } from "./moved.ts";
import { observeFor, type ObservedPlatform, type ObservePorts } from "./observe.ts";
import { type PlanTotals, totalsOf } from "./totals.ts";
import { planHashOf } from "./plan-hash.ts";
import { rehearse } from "./rehearse.ts";
import { impossibleIn } from "./impossible.ts";

export interface PlanRequest extends InstallTarget {
  readonly values: ValuesSelection;
  /** Target of a new install, by name. */
  readonly mode?: string;
  /** Compare with what was recorded only; the target is not asked. */
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

export interface PlanResult extends ResultHead<"PlanResult">, FoundInside {
  readonly name: string;
  readonly profile: string;
  /** What `install --plan-hash` insists on; of an offline plan it stands for the plan alone and is refused there. */
  readonly hash: string;
  readonly offline: boolean;
  readonly changed: boolean;
  /** How many of them there are, by action. */
  readonly counts: Readonly<Record<ChangeAction, number>>;
  readonly changes: readonly Change[];
  /** Recorded values that nothing gives any more: their defaults hold again. */
  readonly returned: readonly ReturnedValue[];
  /** Public addresses that people and programs have to change where they kept them. */
  readonly moved?: readonly MovedAddress[];
  /** Of a first install: what the platform takes, and where it will be reached. */
  readonly totals?: PlanTotals;
  /** What must be entered somewhere else for all of it to work. */
  readonly registrations?: readonly NeededRegistration[];
  /** What an install will refuse: what the target cannot do to the data that is there, and what it says that it would not take. */
  readonly impossible: readonly ImpossibleChange[];
}

export type PlanPorts = FilePorts & ObservePorts & RunJobPorts;

/**
 * Says what an install would create, change, recreate and remove, and changes nothing.
 * @throws ValuesError, PreflightError
 */
export async function plan(request: PlanRequest, ports: PlanPorts): Promise<PlanResult> {
  const desired = await loadDesired(request, ports);
  const install = await openInstall(request, ports.fs);
  const planned = await planLive(desired, install, ports);
  const elsewhere = await findElsewhere(install, ports);
  const refused = planned.changed ? await rehearse(desired, install, ports) : [];
  const impossible = [...(elsewhere === undefined ? [] : [elsewhere]), ...planned.impossible, ...refused];
  return { ...planned, impossible };
}

/**
 * The same by the records alone: the pure part of `plan`. The target is not asked.
 * @throws ValuesError, UsageError, RenderError
 */
export async function planOffline(
  request: PlanRequest,
  ports: FilePorts & { readonly target: TargetRules },
): Promise<PlanResult> {
  const { fs, target } = ports;
  const desired = await loadDesired(request, ports);
  return comparePlan(desired, await openInstall(request, fs), undefined, target);
}

/** Compares what is wanted with what the target has, and asks inside services what was changed there. */
export async function planLive(
  desired: Desired,
  install: Install,
  ports: ObservePorts & RunJobPorts,
): Promise<PlanResult> {
  const live = await observeFor(desired, install, ports);
  const planned = comparePlan(desired, install, live, ports.target);
  // A plan by the records alone has no use for it.
  const { findDrift } = await import("./find-drift.ts");
  const question = { jobs: bringUpJobs(desired.plan), install, live };
  return { ...planned, ...(await findDrift(planned.changes, question, ports)) };
}

/** Compares what is wanted with what the target has; without a look at it, with what is recorded. Pure. */
export function comparePlan(
  desired: Desired,
  install: Install,
  live: ObservedPlatform | undefined,
  target: Pick<TargetRules, "impossible" | "openings">,
): PlanResult {
  const sight = live === undefined ? recordedSight(install) : liveSight(live);
  const changes = listChanges(desired, install, sight);
  const counts = { create: 0, recreate: 0, restart: 0, run: 0, remove: 0, unchanged: 0 };
  for (const change of changes) counts[change.action] += 1;
  const moved = movedAddresses(install.plan, desired.plan);
  return {
    apiVersion: "slipway/v1",
    kind: "PlanResult",
    name: desired.plan.install.name,
    profile: desired.plan.install.profile,
    hash: planHashOf(desired, live),
    offline: live === undefined,
    changed: changes.some((change) => change.action !== "unchanged"),
    counts,
    changes,
    returned: desired.returned ?? [],
    ...(moved.length === 0 ? {} : { moved }),
    ...(install.plan === undefined ? { totals: totalsOf(desired.plan, target) } : {}),
    ...registrationsIn(desired.plan),
    impossible: [...lostSecrets(live), ...impossibleIn(desired, install, live, target)],
    drift: [],
    noted: [],
  };
}

function lostSecrets(live: ObservedPlatform | undefined): readonly ImpossibleChange[] {
  const gone = (live?.secrets ?? []).filter(({ state }) => state === "gone");
  return gone.map(({ message, hint }) => ({ message, hint }));
}

/** What there is, however it was found out. */
interface Sight {
  readonly has: (unit: Unit) => "missing" | "different" | "same";
  readonly hasStore: (id: string) => boolean;
  /** Components of ours that are there. */
  readonly present: readonly string[];
  /** Why a service must be recreated although its definition is unchanged. */
  readonly severed: (id: string) => readonly string[];
  /** Why a service must be restarted. */
  readonly disturbed: (id: string) => readonly string[];
  /** Why a component or job must read its secrets again. */
  readonly newSecrets: (id: string) => readonly string[];
}

function liveSight(live: ObservedPlatform): Sight {
  return {
    has: (unit) => {
      const service = live.services.get(unit.id);
      if (service === undefined) return "missing";
      return isMadeOf(service, unit, live.imageIds) ? "same" : "different";
    },
    hasStore: (id) => live.stores.has(id),
    present: live.departed,
    severed: (id) => live.services.get(id)?.severed ?? [],
    disturbed: (id) => {
      const service = live.services.get(id);
      if (service === undefined) return [];
      if (service.phase !== "running") return [describeState({ ...service, state: service.phase })];
      return service.changedFiles.map((path) => `live file ${path} was changed`);
    },
    newSecrets: (id) =>
      live.secrets
        .filter(({ state, readers }) => state !== "gone" && readers.includes(id))
        .map(({ secret, state }) => `its secret ${secret} ${state === "changed" ? "was changed" : "is made again"}`),
  };
}

function recordedSight({ applied }: Install): Sight {
  const units = new Map(applied.units.map((unit) => [unit.id, unit]));
  const stores = new Set(applied.stores.map(storeId));
  return {
    has: ({ id, specHash }) => {
      const recorded = units.get(id);
      return recorded === undefined ? "missing" : recorded.specHash === specHash ? "same" : "different";
    },
    hasStore: (id) => stores.has(id),
    present: servicesOf(applied).map(({ id }) => id),
    severed: () => [],
    disturbed: () => [],
    newSecrets: () => [],
  };
}

function listChanges(desired: Desired, install: Install, sight: Sight): readonly Change[] {
  const { plan, rendering } = desired;
  const stores = rendering.stores.map((store): Change => {
    const id = storeId(store);
    const head = { subject: "volume", id } as const;
    return sight.hasStore(id)
      ? { ...head, action: "unchanged", reasons: [] }
      : { ...head, action: "create", reasons: ["new"] };
  });
  const services = servicesOf(rendering);
  const components = services.map((unit) => componentChange(plan, install.plan, sight, unit));
  const jobs = bringUpJobs(plan).map((job) => jobChange(desired, install, job.id, sight));
  const removed = sight.present
    .filter((id) => !services.some((unit) => unit.id === id))
    .map((id): Change => ({ subject: "component", id, action: "remove", reasons: [removalReason(plan, id)] }));
  return [...stores, ...components, ...jobs, ...removed];
}

function jobChange(
  { plan, rendering }: Desired,
  { applied, plan: recorded }: Install,
  id: string,
  sight: Sight,
): Change {
  const isJob = (candidate: { readonly id: string }): boolean => candidate.id === id;
  const known = applied.units.find((unit) => unit.role === "job" && isJob(unit));
  const wanted = rendering.units.find((unit) => unit.role === "job" && isJob(unit));
  const head = { subject: "job", id } as const;
  if (applied.jobs[id] !== undefined && known?.specHash === wanted?.specHash) {
    const reasons = sight.newSecrets(id);
    return { ...head, action: reasons.length === 0 ? "unchanged" : "run", reasons };
  }
  const after = plan.jobs.find(isJob);
  const reasons = after === undefined ? [] : describeChanges(recorded?.jobs.find(isJob), after);
  return { ...head, action: "run", reasons };
}

function componentChange(plan: Plan, recorded: Plan | undefined, sight: Sight, unit: Unit): Change {
  const head = { subject: "component", id: unit.id } as const;
  const after = plan.components.find((component) => component.id === unit.id);
  const before = recorded?.components.find((component) => component.id === unit.id);
  const state = sight.has(unit);
  if (state === "missing") {
    const reason = before?.workload === undefined ? "new" : "its container is gone";
    return { ...head, action: "create", reasons: [reason] };
  }
  if (state === "different" && after !== undefined) {
    const reasons = [...describeChanges(before, after), ...settingsChanges(recorded, plan)];
    return {
      ...head,
      action: "recreate",
      reasons: reasons.length === 0 ? ["its container or image differs from the plan"] : reasons,
    };
  }
  const severed = sight.severed(unit.id);
  if (severed.length > 0) return { ...head, action: "recreate", reasons: severed };
  const disturbed = [...sight.disturbed(unit.id), ...sight.newSecrets(unit.id)];
  if (disturbed.length > 0) return { ...head, action: "restart", reasons: disturbed };
  return { ...head, action: "unchanged", reasons: [] };
}

function removalReason(plan: Plan, id: string): string {
  const component = plan.components.find((candidate) => candidate.id === id);
  return component === undefined ? "not part of the plan" : `mode is ${component.presence}`;
}
