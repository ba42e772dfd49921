import { ApplyError, InstallerError } from "../../errors/installer-error.ts";
import { steps } from "../../events/steps.ts";
import { graphOf, stopSecondsOf } from "../../execute/bring-up-graph.ts";
import { inOrder } from "../../execute/dependency-graph.ts";
import type { Install } from "../../execute/state/install.ts";
import { withStep } from "../../execute/with-step.ts";
import type { Plan } from "../../plan/model.ts";
import { EngineRefusal } from "../../platform/docker/engine-errors.ts";
import type { ContainerState } from "../../platform/ports.ts";
import type { Claim, Remains, RemoveRequest, Removed, TargetIo } from "../target.ts";
import { composeRecord } from "./compose-record.ts";
import type { ComposePorts } from "./compose-ports.ts";
import { copyLabel, installLabel, keptLabel, nameLabel, runLabel } from "../../render/compose/labels.ts";
import { isMadeFrom, isOurs, stateDirOf } from "./live-containers.ts";
import { probeImageOf } from "./probe-image.ts";

/** Everything that goes by the install's name, and whose it is. */
export async function composeRemains(install: Install, { docker }: ComposePorts): Promise<Remains> {
  const [containers, networks, volumes] = await Promise.all([
    namedContainers(install.name, docker),
    docker.networks(install.name),
    docker.volumes({ [nameLabel]: install.name }),
  ]);
  const ourVolume = volumes.some((volume) => isOurVolume(install, volume.labels));
  return {
    workloads: containers.map((container) => ({
      name: container.name,
      claim: claimOf(install, container, ourVolume),
      records: stateDirOf(container),
    })),
    networks: networks.map((network) => network.name),
    stores: volumes.map((volume) => ({ place: volume.name, ours: isOurVolume(install, volume.labels) })),
  };
}

function isOurVolume({ identity }: Install, labels: Readonly<Record<string, string>>): boolean {
  return identity !== undefined && labels[installLabel] === identity.uuid;
}

/**
 * Containers are ours when a volume of this install stands beside them, or when Compose made them from the file in this state
 * directory. What has no label of Slipway belongs to others, and stays.
 */
function claimOf({ identity, layout }: Install, container: ContainerState, ourVolume: boolean): Claim {
  if (isStranger(container)) return "stranger";
  if (container.labels[runLabel] !== undefined && identity !== undefined) return "ours";
  return identity !== undefined && (ourVolume || isMadeFrom(container, layout)) ? "ours" : "another";
}

/** What bears none of Slipway's labels. */
function isStranger(container: ContainerState): boolean {
  return !isOurs(container) && container.labels[nameLabel] === undefined;
}

/** Containers of the project and one-shot containers, each once. */
async function namedContainers(name: string, docker: ComposePorts["docker"]): Promise<readonly ContainerState[]> {
  const [inProject, oneShots] = await Promise.all([
    docker.containers(name),
    docker.containersLabelled({ [nameLabel]: name }),
  ]);
  return [...new Map([...inProject, ...oneShots].map((container) => [container.id, container])).values()];
}

/** Removes what has the name and Slipway's labels: containers, networks and, when asked, volumes with their directories. */
export async function removeCompose(
  install: Install,
  request: RemoveRequest,
  io: TargetIo,
  ports: ComposePorts,
): Promise<Removed> {
  const { docker } = ports;
  const named = await namedContainers(install.name, docker);
  const strangers = named.filter(isStranger);
  const image = await imageToEmptyWith(named, request.plan, ports);
  const containers = await withStep({ ...io, ...ports }, steps.containers, () =>
    removeContainers(
      named.filter((container) => !isStranger(container)),
      request.plan,
      io,
      ports,
    ),
  );
  const networks = await withStep({ ...io, ...ports }, steps.networks, () =>
    removeNetworks(install.name, strangers, io, ports),
  );
  const kept = strangers.map((container) => container.name);
  if (!request.data) return { containers, networks, volumes: [], directories: [], strangers: kept };
  const data = await withStep({ ...io, ...ports }, steps.data, () => removeData(install, image, ports));
  return { containers, networks, ...data, strangers: kept };
}

/** What this user may not remove itself is emptied from inside a container; any image of the platform can do that. */
async function imageToEmptyWith(
  containers: readonly ContainerState[],
  plan: Plan | undefined,
  ports: ComposePorts,
): Promise<string | undefined> {
  if (ports.host.isRoot()) return undefined;
  const own = containers.find(isOurs)?.imageId;
  return own ?? (plan === undefined ? undefined : probeImageOf(plan, ports));
}

/** Dependents go before what they depend on, so that nothing logs errors on its way out. */
async function removeContainers(
  containers: readonly ContainerState[],
  plan: Plan | undefined,
  io: TargetIo,
  { docker }: ComposePorts,
): Promise<readonly string[]> {
  const order = plan === undefined ? [] : inOrder(graphOf(plan)).toReversed();
  const position = (container: ContainerState): number => order.indexOf(container.service);
  const sorted = [...containers].sort((a, b) => position(a) - position(b) || (a.name < b.name ? -1 : 1));
  for (const container of sorted) {
    const seconds = stopSecondsOf(plan, container.service);
    // It may be removed by hand at the same moment; the removal that follows says if anything else is wrong.
    if (container.state === "running") await docker.stop(container.id, seconds).catch(() => undefined);
    await docker.removeContainer(container.id);
    io.report({ type: "item", step: steps.containers.id, id: container.service || container.name, state: "removed" });
  }
  return sorted.map((container) => container.name);
}

/** A network that a stranger's container is attached to cannot be removed, and stays with it. */
async function removeNetworks(
  project: string,
  strangers: readonly ContainerState[],
  io: TargetIo,
  { docker }: ComposePorts,
): Promise<readonly string[]> {
  const held = new Set(strangers.flatMap((container) => container.networks));
  const networks = (await docker.networks(project)).filter((network) => !held.has(network.name));
  const removed: string[] = [];
  for (const { id, name } of networks) {
    try {
      await docker.removeNetwork(id);
      removed.push(name);
    } catch (error) {
      // Of containers that do not bear the install's name only the engine knows.
      if (!(error instanceof EngineRefusal) || error.status !== inUse) throw error;
      const hint = `remove it by hand when nobody needs it: docker network rm ${name}`;
      io.report({ type: "warning", message: `the network ${name} is left: ${error.reason}`, hint });
    }
  }
  return removed.sort();
}

/** How the engine refuses to remove a network that a container is attached to. */
const inUse = 403;

/**
 * Volumes go last: a purge that cannot remove a directory of the host has lost nothing by which it could be repeated.
 * @throws ApplyError naming the directories that are still there
 */
async function removeData(
  install: Install,
  image: string | undefined,
  ports: ComposePorts,
): Promise<Pick<Removed, "volumes" | "directories">> {
  const { docker } = ports;
  // Copies that an upgrade kept go with the data they were made of.
  const [own, copies] = await Promise.all(
    [nameLabel, copyLabel].map((label) => docker.volumes({ [label]: install.name })),
  );
  const found = [...(own ?? []), ...(copies ?? [])].filter((volume) => isOurVolume(install, volume.labels));
  const emptied = found.filter(({ labels }) => labels[keptLabel] === undefined);
  const places = [...emptied, ...composeRecord(install.applied).volumes].flatMap(({ hostPath }) => hostPath ?? []);
  const directories: string[] = [];
  const left: string[] = [];
  for (const path of new Set(places)) {
    if (!(await ports.fs.exists(path))) continue;
    if (await removeDirectory(path, install.name, image, ports)) directories.push(path);
    else left.push(path);
  }
  if (left.length > 0) {
    throw new ApplyError(`data is left in ${left.join(", ")}, and this user may not remove it`, {
      hint: "run the same command as root; records and volumes are kept until then",
      details: directories.map((path) => `removed: ${path}`),
    });
  }
  const volumes = found.map((volume) => volume.name).sort();
  for (const volume of volumes) await docker.removeVolume(volume);
  return { volumes, directories };
}

/** Whether the directory is gone afterwards. */
async function removeDirectory(
  path: string,
  name: string,
  image: string | undefined,
  ports: ComposePorts,
): Promise<boolean> {
  if (!ports.host.isRoot() && image !== undefined) await emptyDirectory(path, name, image, ports);
  try {
    await ports.fs.remove(path);
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  return !(await ports.fs.exists(path));
}

function isRefusal(error: unknown): boolean {
  if (error instanceof InstallerError) return false;
  return ["EACCES", "EPERM", "ENOTEMPTY"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** Files of other uids, which only root may remove. */
async function emptyDirectory(path: string, name: string, image: string, { docker }: ComposePorts): Promise<void> {
  const result = await docker.runOnce({
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
}
