import { ApplyError, InternalError, TimeoutError } from "../../errors/installer-error.ts";
import type { InstallerEvent, Report } from "../../events/event.ts";
import type { Component, Dependency, Job, Plan } from "../../plan/model.ts";
import type { Clock, ContainerState, Docker } from "../../platform/ports.ts";
import type { ComposeRendering, ComposeUnit } from "../../render/compose/compose-rendering.ts";
import { keyedDigest } from "../digest.ts";
import { type GraphNode, inOrder, runGraph } from "../dependency-graph.ts";
import type { Journal } from "../journal/journal.ts";
import type { Applied, AppliedRecord, Identity } from "../state/state-store.ts";
import type { ComposeCommands } from "./compose-commands.ts";
import { type HealthWatch, serves, watchHealth } from "./health-watch.ts";
import { filesDigest, type LiveFile } from "./live-tree.ts";
import { type LiveState, matchesUnit, readLiveState } from "./live-state.ts";
import { type LiveNetwork, lostNetworks } from "./networks.ts";
import { runJob } from "./run-job.ts";

export interface BringUpContext {
  readonly docker: Docker;
  readonly clock: Clock;
  readonly compose: ComposeCommands;
  readonly journal: Journal;
  readonly record: AppliedRecord;
  readonly identity: Identity;
  readonly plan: Plan;
  readonly rendering: ComposeRendering;
  readonly files: ReadonlyMap<string, LiveFile>;
  readonly imageIds: ReadonlyMap<string, string>;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** For everything together, when the person set a limit. */
  readonly timeoutSeconds?: number | undefined;
}

type ItemState = Extract<InstallerEvent, { type: "item" }>["state"];

const atOnce = 16;
export const bringUpStep = "start";

/** What a service's health check may take: what its author allows, and half again for a slow host. */
function limitSeconds(component: Component): number {
  return Math.round((component.workload?.health.startSeconds ?? 60) * 1.5 + 15);
}

/** Jobs that belong to the bring-up; the others run when a person asks. */
export function bringUpJobs(plan: Plan): readonly Job[] {
  return plan.jobs.filter((job) => job.trigger === "bring-up");
}

/** Hash over what a job does and with which contents; a job that is done for it is not run again. */
export function jobInputs(unit: ComposeUnit, files: ReadonlyMap<string, LiveFile>, digestKey: string): string {
  return keyedDigest(digestKey, `${unit.specHash} ${filesDigest(unit.filePaths, files, digestKey)}`);
}

/** Whether a service's container is the wanted one, serves, and read the files as they are now. */
export function serviceIsCurrent(
  container: ContainerState | undefined,
  unit: ComposeUnit,
  context: Pick<BringUpContext, "imageIds" | "files" | "identity" | "plan" | "rendering">,
  networks: readonly LiveNetwork[],
  applied: Applied,
): boolean {
  if (container === undefined || !matchesUnit(container, unit, context.imageIds) || !serves(container)) return false;
  if (lostNetworks(context.plan, context.rendering.project, container, networks).length > 0) return false;
  const recorded = applied.services[unit.id];
  const digest = filesDigest(unit.filePaths, context.files, context.identity.digestKey);
  return recorded?.containerId === container.id && recorded.filesDigest === digest;
}

/**
 * Creates what is missing, replaces what differs, starts everything in dependency order and runs the jobs between.
 * @throws ApplyError, TimeoutError naming the component; InterruptedError
 */
export async function bringUp(context: BringUpContext): Promise<void> {
  const wanted = context.rendering.services.map((unit) => unit.id);
  const live = await readLiveState(context.docker, context.rendering.project, wanted);
  await removeLeftovers(context, live);
  await holdBack(context, live);
  await createMissing(context, live);
  const watch = await watchHealth(context, context.rendering.project, context.signal);
  const done: string[] = [];
  const deadline =
    context.timeoutSeconds === undefined ? undefined : context.clock.monotonicMs() + context.timeoutSeconds * 1000;
  try {
    await runGraph(graphOf(context.plan), atOnce, async (key, stopped) => {
      const signal = AbortSignal.any([context.signal, stopped]);
      await runUnit({ ...context, signal }, watch, key, deadline);
      done.push(key);
    });
  } catch (error) {
    throw withProgress(error, done);
  } finally {
    watch.close();
  }
}

/** Components by their id, jobs as `job:<id>`. */
export function graphOf(plan: Plan): readonly GraphNode[] {
  const jobs = bringUpJobs(plan);
  return [
    ...plan.components
      .filter((component) => component.workload !== undefined)
      .map((component) => ({ key: component.id, needs: component.needs.map(needKey) })),
    ...jobs.map((job) => ({ key: `job:${job.id}`, needs: job.needs.map(needKey) })),
  ];
}

function needKey(need: Dependency): string {
  return need.kind === "completed" ? `job:${need.job}` : need.component;
}

/**
 * Services that need a job which was never done, or whose work is lost, dependents first. Whoever reaches the platform through them would
 * find what the job prepares unprepared. A job that is only repeated, for a new version of it, takes nothing down.
 */
export function heldBack(plan: Plan, applied: Applied): readonly string[] {
  const undone = new Set(bringUpJobs(plan).flatMap(({ id }) => (applied.jobs[id] === undefined ? [id] : [])));
  const waits = new Set(
    plan.components.flatMap(({ id, needs }) =>
      needs.some((need) => need.kind === "completed" && undone.has(need.job)) ? [id] : [],
    ),
  );
  return inOrder(graphOf(plan))
    .toReversed()
    .filter((key) => waits.has(key));
}

async function holdBack(context: BringUpContext, live: LiveState): Promise<void> {
  for (const id of heldBack(context.plan, context.record.current())) {
    const container = live.services.get(id);
    if (container === undefined || (container.state !== "running" && container.state !== "restarting")) continue;
    const seconds = context.plan.components.find((component) => component.id === id)?.workload?.stopSeconds ?? 10;
    await context.journal.step<true>(`hold:${id}`, container.id, {
      probe: () => Promise.resolve(undefined),
      act: async () => {
        await context.docker.stop(container.id, seconds);
        return true;
      },
    });
    context.report({ type: "item", step: bringUpStep, id, state: "waiting" });
  }
}

async function runUnit(
  context: BringUpContext,
  watch: HealthWatch,
  key: string,
  deadline: number | undefined,
): Promise<void> {
  const left = deadline === undefined ? Infinity : Math.max(1, (deadline - context.clock.monotonicMs()) / 1000);
  const id = key.replace(/^job:/, "");
  const show = (state: ItemState): void => context.report({ type: "item", step: bringUpStep, id, state });
  try {
    if (key.startsWith("job:")) await runPlannedJob(context, id, left, show);
    else await startService(context, watch, id, left, show);
  } catch (error) {
    show("failed");
    throw error;
  }
}

async function runPlannedJob(
  context: BringUpContext,
  id: string,
  left: number,
  show: (state: ItemState) => void,
): Promise<void> {
  const job = context.plan.jobs.find((candidate) => candidate.id === id);
  const unit = context.rendering.jobs.find((candidate) => candidate.id === id);
  if (job === undefined || unit === undefined) throw new InternalError(`the job ${id} was not rendered`);
  const inputs = jobInputs(unit, context.files, context.identity.digestKey);
  let ran = false as boolean;
  await context.journal.step<true>(`job:${id}`, inputs, {
    probe: () => Promise.resolve(context.record.current().jobs[id]?.inputsHash === inputs ? true : undefined),
    act: async () => {
      ran = true;
      show("running");
      const seconds = Math.round(Math.min(left, job.deadlineSeconds));
      const { signal, rendering } = context;
      await runJob(context, { id, title: job.title, project: rendering.project, limitSeconds: seconds, signal });
      const at = context.clock.now().toISOString();
      await context.record.update((applied) => ({ jobs: { ...applied.jobs, [id]: { inputsHash: inputs, at } } }));
      return true;
    },
    // Its container is gone by then; what it did is safe to repeat.
    undo: () => Promise.resolve(),
  });
  show(ran ? "done" : "unchanged");
}

async function startService(
  context: BringUpContext,
  watch: HealthWatch,
  id: string,
  left: number,
  show: (state: ItemState) => void,
): Promise<void> {
  const component = context.plan.components.find((candidate) => candidate.id === id);
  const unit = context.rendering.services.find((candidate) => candidate.id === id);
  if (component === undefined || unit === undefined) throw new InternalError(`${id} was not rendered`);
  const digest = filesDigest(unit.filePaths, context.files, context.identity.digestKey);
  let touched = false as boolean;
  await context.journal.step<ContainerState>(`start:${id}`, `${unit.specHash}:${digest}`, {
    probe: async () => {
      const container = await findService(context, id);
      const networks = await context.docker.networks(context.rendering.project);
      return serviceIsCurrent(container, unit, context, networks, context.record.current()) ? container : undefined;
    },
    act: async () => {
      touched = true;
      show("starting");
      const container = await runningContainer(context, unit, component, digest);
      const healthy = await watch.healthy(container, Math.round(Math.min(left, limitSeconds(component))));
      await recordService(context, unit, healthy.id, digest);
      return healthy;
    },
  });
  show(touched ? "healthy" : "unchanged");
}

async function runningContainer(
  context: BringUpContext,
  unit: ComposeUnit,
  component: Component,
  digest: string,
): Promise<ContainerState> {
  let container = await withNetworks(context, component, await findService(context, unit.id));
  if (container === undefined || !matchesUnit(container, unit, context.imageIds)) {
    await context.compose.create([unit.id]);
    container = await findService(context, unit.id);
  }
  if (container === undefined) throw new ApplyError(`docker compose made no container for ${unit.id}`);
  const recorded = context.record.current().services[unit.id];
  const readsOldFiles =
    container.state !== "created" &&
    unit.filePaths.length > 0 &&
    (recorded?.containerId !== container.id || recorded.filesDigest !== digest);
  if (container.state === "restarting" || (readsOldFiles && container.state === "running")) {
    await context.docker.restart(container.id, component.workload?.stopSeconds ?? 10);
  } else if (container.state !== "running") {
    await context.docker.start(container.id);
  }
  return container;
}

/** Compose takes a container for right that lost a network: it is removed, to be made again. */
async function withNetworks(
  context: BringUpContext,
  component: Component,
  container: ContainerState | undefined,
): Promise<ContainerState | undefined> {
  if (container === undefined) return undefined;
  const { project } = context.rendering;
  const lost = lostNetworks(context.plan, project, container, await context.docker.networks(project));
  if (lost.length === 0) return container;
  if (container.state === "running") await context.docker.stop(container.id, component.workload?.stopSeconds ?? 10);
  await context.docker.removeContainer(container.id);
  return undefined;
}

async function recordService(
  context: BringUpContext,
  unit: ComposeUnit,
  containerId: string,
  digest: string,
): Promise<void> {
  const at = context.clock.now().toISOString();
  const volumes = context.rendering.volumes.filter((volume) => volume.component === unit.id);
  await context.record.update((applied) => ({
    services: { ...applied.services, [unit.id]: { containerId, filesDigest: digest } },
    initialised: {
      ...Object.fromEntries(volumes.map((volume) => [volume.engineName, { component: unit.id, at }])),
      ...applied.initialised,
    },
  }));
}

async function findService(context: BringUpContext, id: string): Promise<ContainerState | undefined> {
  const wanted = context.rendering.services.map((unit) => unit.id);
  return (await readLiveState(context.docker, context.rendering.project, wanted)).services.get(id);
}

async function removeLeftovers(context: BringUpContext, live: LiveState): Promise<void> {
  for (const container of live.leftovers) {
    const gone = async (): Promise<true | undefined> => {
      const now = await context.docker.containers(context.rendering.project);
      return now.some((candidate) => candidate.id === container.id) ? undefined : true;
    };
    await context.journal.step<true>(`remove:${container.name}`, container.id, {
      probe: gone,
      act: async () => {
        if (container.state === "running") await context.docker.stop(container.id, 30);
        await context.docker.removeContainer(container.id);
        return true;
      },
    });
    context.report({ type: "item", step: bringUpStep, id: container.service, state: "removed" });
  }
}

/** One call for everything that is missing; what exists and differs is replaced in its turn, so that the rest keeps serving. */
async function createMissing(context: BringUpContext, live: LiveState): Promise<void> {
  const applied = context.record.current();
  const due = bringUpJobs(context.plan).filter((job) => {
    const unit = context.rendering.jobs.find((candidate) => candidate.id === job.id);
    const inputs = unit === undefined ? "" : jobInputs(unit, context.files, context.identity.digestKey);
    return applied.jobs[job.id]?.inputsHash !== inputs;
  });
  const missing = context.rendering.services.map((unit) => unit.id).filter((id) => !live.services.has(id));
  const wanted = [...missing, ...due.map((job) => job.id)];
  if (wanted.length === 0) return;
  await context.journal.step<true>("create", keyedDigest(context.identity.digestKey, wanted.join()), {
    probe: () => Promise.resolve(undefined),
    act: async () => {
      await context.compose.create(wanted);
      return true;
    },
  });
}

function withProgress(error: unknown, done: readonly string[]): unknown {
  const details = [`already done: ${done.length === 0 ? "nothing" : done.join(", ")}`];
  if (error instanceof ApplyError) {
    return new ApplyError(error.message, { hint: error.hint, details: [...error.details, ...details], cause: error });
  }
  if (error instanceof TimeoutError) {
    return new TimeoutError(error.message, { hint: error.hint, details: [...error.details, ...details], cause: error });
  }
  return error;
}
