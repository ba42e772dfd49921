import { ApplyError, UsageError } from "../../errors/installer-error.ts";
import { installLabel, nameLabel } from "../../execute/docker/volumes.ts";
import { inOrder } from "../../execute/dependency-graph.ts";
import { graphOf } from "../../execute/docker/bring-up.ts";
import { isMadeFrom } from "../../execute/docker/live-state.ts";
import { type StateLayout, stateLayout } from "../../execute/state/layout.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import {
  type Identity,
  openApplied,
  readApplied,
  readIdentity,
  readRecordedPlan,
} from "../../execute/state/state-store.ts";
import type { Plan } from "../../plan/model.ts";
import type { ContainerState, VolumeState } from "../../platform/ports.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { withStep } from "../with-step.ts";

export interface UninstallRequest extends InstallTarget {
  /** Remove volumes and the state directory too. */
  readonly purge: boolean;
  /** The name as the person typed it; a purge needs it, and so do containers that no record here speaks of. */
  readonly confirmedName?: string;
}

export interface UninstallResult extends ResultHead<"UninstallResult"> {
  readonly name: string;
  readonly purged: boolean;
  readonly removed: {
    readonly containers: readonly string[];
    readonly networks: readonly string[];
    readonly volumes: readonly string[];
    readonly directories: readonly string[];
  };
  /** What is left on purpose. */
  readonly kept: { readonly volumes: readonly string[]; readonly stateDir?: string };
}

/** Files that may lie in a state directory: nothing else is ever removed by a purge. */
const stateMark = "format";

/**
 * Removes the platform; its data stays unless `purge`. What is gone already is no error.
 * @throws UsageError when the confirmed name, the records or the volumes are another install's; LockedError
 */
export async function uninstall(request: UninstallRequest, ports: ActionPorts): Promise<UninstallResult> {
  if ((request.purge || request.confirmedName !== undefined) && request.confirmedName !== request.name) {
    throw new UsageError(`to remove all data of ${request.name}, its name must be given`, {
      hint: `--yes-i-mean ${request.name}`,
    });
  }
  const layout = stateLayout(request.stateDir);
  if (!(await ports.fs.exists(layout.root))) return remove(request, layout, ports);
  const release = await acquireRunLock(ports, layout, ports.random.uuid());
  try {
    return await remove(request, layout, ports);
  } finally {
    await release();
  }
}

async function remove(request: UninstallRequest, layout: StateLayout, ports: ActionPorts): Promise<UninstallResult> {
  const [plan, applied] = await Promise.all([readRecordedPlan(ports.fs, layout), readApplied(ports.fs, layout)]);
  await requireOwn(request, layout, ports);
  const project = applied.project ?? request.name;
  const image = (await ports.docker.containers(project))[0]?.imageId;
  const containers = await withStep(ports, "containers", "Remove containers", () =>
    removeContainers(plan, project, request.name, ports),
  );
  const networks = await withStep(ports, "networks", "Remove networks", () => removeNetworks(project, ports));
  const found = await ports.docker.volumes({ [nameLabel]: request.name });
  const volumes = found.map((volume) => volume.name).sort();
  const stateExists = await ports.fs.exists(layout.root);
  const head = {
    apiVersion: "slipway/v1",
    kind: "UninstallResult",
    name: request.name,
    purged: request.purge,
  } as const;
  if (!request.purge) {
    if (stateExists) await forgetContainers(layout, ports);
    const kept = { volumes, ...(stateExists ? { stateDir: request.stateDir } : {}) };
    return { ...head, removed: { containers, networks, volumes: [], directories: [] }, kept };
  }
  const directories = await withStep(ports, "data", "Remove data", async () => {
    const emptied = await removeHostData([...found, ...applied.volumeUnits], request.name, image, ports);
    for (const volume of volumes) await ports.docker.removeVolume(volume);
    return stateExists ? [...emptied, ...(await removeState(layout, ports))] : emptied;
  });
  return { ...head, removed: { containers, networks, volumes, directories }, kept: { volumes: [] } };
}

/** A name alone is no proof: another user of this host may have an install of the same name, with its records elsewhere. */
async function requireOwn(request: UninstallRequest, layout: StateLayout, ports: ActionPorts): Promise<void> {
  const identity = await readIdentity(ports.fs, layout);
  if (identity !== undefined && identity.name !== request.name) {
    throw new UsageError(`${layout.root} is the state of the install ${identity.name}, not of ${request.name}`, {
      hint: `give --name ${identity.name}, or another --state-dir`,
    });
  }
  const volumes = await ports.docker.volumes({ [nameLabel]: request.name });
  if (request.confirmedName === undefined) await requireOwnContainers(request, layout, identity, volumes, ports);
  if (!request.purge) return;
  const foreign = volumes.filter((volume) => volume.labels[installLabel] !== identity?.uuid);
  if (foreign.length === 0) return;
  throw new UsageError(`volumes named ${request.name} belong to an install whose records are not in ${layout.root}`, {
    details: foreign.map((volume) => volume.name),
    hint: "give the --state-dir of that install; or, when nobody needs their data, remove them: docker volume rm",
  });
}

/**
 * Containers are ours when a volume of this install stands beside them, or when Compose made them from the file in this state directory.
 * Who still wants to remove others says so by typing the name.
 */
async function requireOwnContainers(
  request: UninstallRequest,
  layout: StateLayout,
  identity: Identity | undefined,
  volumes: readonly VolumeState[],
  ports: ActionPorts,
): Promise<void> {
  if (identity !== undefined && volumes.some((volume) => volume.labels[installLabel] === identity.uuid)) return;
  const { project = request.name } = await readApplied(ports.fs, layout);
  const foreign = (await ports.docker.containers(project)).filter(
    (container) => identity === undefined || !isMadeFrom(container, layout),
  );
  if (foreign.length === 0) return;
  throw new UsageError(
    `containers named ${request.name} belong to an install whose records are not in ${layout.root}`,
    {
      details: foreign.map((container) => container.name),
      hint: `give the --state-dir of that install; or, when nobody needs it, remove them with --yes-i-mean ${request.name}`,
    },
  );
}

/** Dependents go before what they depend on, so that nothing logs errors on its way out. */
async function removeContainers(
  plan: Plan | undefined,
  project: string,
  name: string,
  ports: ActionPorts,
): Promise<readonly string[]> {
  const inProject = await ports.docker.containers(project);
  const oneShots = await ports.docker.containersLabelled({ [nameLabel]: name });
  const all = new Map([...inProject, ...oneShots].map((container) => [container.id, container]));
  const order = plan === undefined ? [] : inOrder(graphOf(plan)).toReversed();
  const position = (container: ContainerState): number => order.indexOf(container.service);
  const sorted = [...all.values()].sort((a, b) => position(a) - position(b) || (a.name < b.name ? -1 : 1));
  for (const container of sorted) {
    const seconds = plan?.components.find(({ id }) => id === container.service)?.workload?.stopSeconds ?? 10;
    if (container.state === "running") await ports.docker.stop(container.id, seconds).catch(ignoreGone);
    await ports.docker.removeContainer(container.id);
    ports.report({ type: "item", step: "containers", id: container.service || container.name, state: "removed" });
  }
  return sorted.map((container) => container.name);
}

/** Somebody removed it by hand at the same moment; the removal that follows says if anything else is wrong. */
function ignoreGone(): void {
  // Nothing to do.
}

async function removeNetworks(project: string, ports: ActionPorts): Promise<readonly string[]> {
  const networks = await ports.docker.networks(project);
  for (const network of networks) await ports.docker.removeNetwork(network.id);
  return networks.map((network) => network.name).sort();
}

async function forgetContainers(layout: StateLayout, ports: ActionPorts): Promise<void> {
  if (!(await ports.fs.exists(layout.applied))) return;
  const record = await openApplied(ports.fs, layout);
  await record.update(() => ({ services: {}, planHash: "" }));
}

/** Data below `dataDir`: removing the volume leaves the directory it was bound to. A cut-off purge finds it in the records alone. */
async function removeHostData(
  places: readonly { readonly hostPath?: string }[],
  name: string,
  image: string | undefined,
  ports: ActionPorts,
): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const hostPath of new Set(places.map((place) => place.hostPath))) {
    if (hostPath === undefined || !(await ports.fs.exists(hostPath))) continue;
    if (ports.host.isRoot()) await ports.fs.remove(hostPath);
    else if (image !== undefined) await emptyDirectory(hostPath, name, image, ports);
    removed.push(hostPath);
  }
  return removed;
}

/** Files of other uids, which only root may remove. */
async function emptyDirectory(path: string, name: string, image: string, ports: ActionPorts): Promise<void> {
  const result = await ports.docker.runOnce({
    image,
    entrypoint: ["/usr/bin/find", "/volume", "-mindepth", "1", "-delete"],
    command: [],
    user: "0:0",
    binds: [`${path}:/volume`],
    capabilities: ["DAC_OVERRIDE"],
    labels: { [nameLabel]: name },
    timeoutMs: 600_000,
  });
  if (result.exitCode !== 0) throw new ApplyError(`${path} could not be emptied`, { details: result.output });
  await ports.fs.remove(path);
}

async function removeState(layout: StateLayout, ports: ActionPorts): Promise<readonly string[]> {
  const names = await ports.fs.list(layout.root);
  const ours = new Set((Object.values(layout) as string[]).map((path) => path.slice(layout.root.length + 1)));
  // The mark goes last: a purge that is cut short can still be repeated.
  const sorted = [...names].sort((a, b) => Number(a === stateMark) - Number(b === stateMark));
  const removable = sorted.filter((name) => ours.has(name) || name === "build" || /^\..*\.tmp$/.test(name));
  for (const name of removable) await ports.fs.remove(`${layout.root}/${name}`);
  if (removable.length !== names.length) return [];
  await ports.fs.remove(layout.root);
  return [layout.root];
}
