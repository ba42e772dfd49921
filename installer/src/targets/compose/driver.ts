import { ApplyError } from "../../errors/installer-error.ts";
import type { Leftover, StartLimits, UnitDriver, UnitLimits } from "../../execute/bring-up.ts";
import type { AppliedRecord } from "../../execute/state/state-store.ts";
import type { Wanted, WantedUnit } from "../../execute/wanted.ts";
import type { Clock, ContainerState, Docker } from "../../platform/ports.ts";
import { isUp } from "../live-platform.ts";
import type { ComposeCommands } from "./compose-commands.ts";
import { composeRecord } from "./compose-record.ts";
import { type HealthWatch, lastLines, serves } from "./health-watch.ts";
import { specLabel } from "../../render/compose/labels.ts";
import { findService, type LiveView } from "./live-view.ts";
import { type LiveNetwork, lostNetworks } from "./networks.ts";
import { type JobPorts, runJobForStatus } from "./run-job.ts";

export interface DriverContext {
  readonly docker: Docker;
  readonly clock: Clock;
  readonly compose: ComposeCommands;
  readonly watch: HealthWatch;
  readonly view: LiveView;
  readonly record: AppliedRecord;
  readonly wanted: Wanted;
  readonly project: string;
  /** Image ids by reference; asked again, because images may arrive while others start. */
  readonly imageId: (reference: string) => Promise<string | undefined>;
}

/** Works on one container of a project at a time. */
export function createDriver(context: DriverContext): UnitDriver {
  const { docker, view, wanted } = context;
  const removals: Promise<void>[] = [];
  const removing = (removal: Promise<void>): void => {
    // A failure is told by whoever waits for all of them.
    removal.catch(() => undefined);
    removals.push(removal);
  };
  const stopAndForget = async (container: ContainerState, seconds: number): Promise<void> => {
    await docker.stop(container.id, seconds);
    view.forget();
  };
  return {
    leftovers: async () =>
      (await view.containers()).leftovers.map(({ name, service, id }) => ({ name, unit: service, id })),
    isGone: async ({ id }) => !(await view.containers()).all.some((container) => container.id === id),
    remove: async (leftover: Leftover) => {
      const container = (await view.containers()).all.find(({ id }) => id === leftover.id);
      if (container?.state === "running") await docker.stop(leftover.id, leftoverStopSeconds);
      await docker.removeContainer(leftover.id);
      view.forget();
    },
    running: async (id) => {
      const container = await findService(view, id);
      return container !== undefined && isUp({ phase: container.state }) ? container.id : undefined;
    },
    stop: async (id, seconds) => {
      const container = await findService(view, id);
      if (container !== undefined) await stopAndForget(container, seconds);
    },
    missing: async () => {
      const { services } = await view.containers();
      return [...wanted.units.values()]
        .filter(({ id, role }) => role === "service" && !services.has(id))
        .map(({ id }) => id);
    },
    create: async (units) => {
      await context.compose.create(units.map(({ id }) => id));
      view.forget();
    },
    isCurrent: async (unit) => {
      const [container, networks] = [await findService(view, unit.id), await view.networks()];
      return isCurrentContainer(container, unit, {
        wanted,
        project: context.project,
        networks,
        imageId: await context.imageId(unit.image),
        recorded: composeRecord(context.record.current()).containers[unit.id],
      });
    },
    start: (unit, limits) => startService(context, unit, limits),
    runJob: (unit, limits) => runPlannedJob({ ...context, removing }, unit, limits),
    settled: async () => {
      await Promise.all(removals);
      view.forget();
    },
  };
}

const leftoverStopSeconds = 30;

interface CurrentContext {
  readonly wanted: Pick<Wanted, "plan">;
  readonly project: string;
  readonly networks: readonly LiveNetwork[];
  readonly imageId: string | undefined;
  readonly recorded: { readonly containerId: string; readonly filesDigest: string } | undefined;
}

/** Whether a service's container is the wanted one, serves, and read the files as they are now. */
export function isCurrentContainer(
  container: ContainerState | undefined,
  unit: WantedUnit,
  { wanted, project, networks, imageId, recorded }: CurrentContext,
): boolean {
  if (container === undefined || !isMadeOf(container, unit, imageId) || !serves(container)) return false;
  if (lostNetworks(wanted.plan, project, container, networks).length > 0) return false;
  return recorded?.containerId === container.id && recorded.filesDigest === unit.filesDigest;
}

function isMadeOf(container: ContainerState, unit: WantedUnit, imageId: string | undefined): boolean {
  return container.labels[specLabel] === unit.specHash && (imageId === undefined || container.imageId === imageId);
}

async function startService(
  context: DriverContext,
  unit: WantedUnit,
  limits: StartLimits,
): ReturnType<UnitDriver["start"]> {
  const container = await runningContainer(context, unit, limits.stopSeconds);
  limits.onBegun();
  const healthy = await context.watch.healthy(container, limits.seconds);
  context.view.forget();
  const started = { containerId: healthy.id, filesDigest: unit.filesDigest };
  return (target) => ({
    ...target,
    containers: { ...composeRecord({ target }).containers, [unit.id]: started },
  });
}

async function runningContainer(
  context: DriverContext,
  unit: WantedUnit,
  stopSeconds: number,
): Promise<ContainerState> {
  const { docker, view } = context;
  let container = await withNetworks(context, await findService(view, unit.id), stopSeconds);
  if (container === undefined || !isMadeOf(container, unit, await context.imageId(unit.image))) {
    await context.compose.create([unit.id]);
    view.forget();
    container = await findService(view, unit.id);
  }
  if (container === undefined) throw new ApplyError(`docker compose made no container for ${unit.id}`);
  const recorded = composeRecord(context.record.current()).containers[unit.id];
  // For a moment after a stop the engine lists a container as running; asked for it alone, it knows better.
  const { state } = await docker.inspect(container.id);
  const readsOldFiles =
    state !== "created" &&
    unit.filePaths.length > 0 &&
    (recorded?.containerId !== container.id || recorded.filesDigest !== unit.filesDigest);
  if (state === "restarting" || (readsOldFiles && state === "running")) {
    await docker.restart(container.id, stopSeconds);
  } else if (state !== "running") {
    await docker.start(container.id);
  }
  view.forget();
  return container;
}

/** Compose takes a container for right that lost a network: it is removed, to be made again. */
async function withNetworks(
  { docker, view, wanted, project }: DriverContext,
  container: ContainerState | undefined,
  stopSeconds: number,
): Promise<ContainerState | undefined> {
  if (container === undefined) return undefined;
  if (lostNetworks(wanted.plan, project, container, await view.networks()).length === 0) return container;
  if (container.state === "running") await docker.stop(container.id, stopSeconds);
  await docker.removeContainer(container.id);
  view.forget();
  return undefined;
}

async function runPlannedJob(
  context: DriverContext & Pick<JobPorts, "removing">,
  unit: WantedUnit,
  { seconds, signal, title }: UnitLimits & { readonly title: string },
): Promise<void> {
  const { docker, project } = context;
  const job = { id: unit.id, title, project, limitSeconds: seconds, signal };
  try {
    await runJobForStatus(context, job, async (container, status) => {
      if (status === 0) return;
      throw new ApplyError(`the job ${unit.id} (${title}) failed with exit status ${status}`, {
        hint: "correct the cause and run the same command again; what is done stays done",
        details: await lastLines(docker, container),
      });
    });
  } finally {
    context.view.forget();
  }
}
