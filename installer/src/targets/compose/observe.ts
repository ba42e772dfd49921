import { join } from "node:path";
import type { Install } from "../../execute/state/install.ts";
import type { Plan } from "../../plan/model.ts";
import type { ContainerState, NetworkState, VolumeState } from "../../platform/ports.ts";
import type { LivePlatform, LiveService, LiveStore, Question } from "../live-platform.ts";
import { bridgeFault, type HostLinks, readHostLinks, showsBridges } from "./bridges.ts";
import { composeRecord } from "./compose-record.ts";
import type { ComposePorts } from "./compose-ports.ts";
import { consoleRole, installLabel, nameLabel, roleLabel, specLabel } from "../../render/compose/labels.ts";
import { type LiveContainers, sortContainers } from "./live-containers.ts";
import { changedFiles } from "./live-tree.ts";
import { describeLost, lostNetworks } from "./networks.ts";
import { storeOf } from "./volumes.ts";

/** Looks at containers, networks, volumes and images: one request each, however many there are. */
export async function observeCompose(install: Install, question: Question, ports: ComposePorts): Promise<LivePlatform> {
  const { docker } = ports;
  const [all, networks, stores, images, changed, links] = await Promise.all([
    docker.containers(install.name),
    docker.networks(install.name),
    docker.volumes({ [nameLabel]: install.name }).then((found) => liveStores(install, found, ports)),
    docker.findImages(question.images),
    findChangedFiles(install, ports),
    readHostLinks(ports.fs),
  ]);
  const changedPaths = new Set(changed);
  const written = Object.keys(composeRecord(install.applied).files).filter((path) => !changedPaths.has(path));
  const live = sortContainers(all, question.components);
  const { ids: imageIds, digests } = images;
  const plan = install.pendingPlan ?? install.plan;
  const seen: Seen = { install, plan, networks, links, digests, changed: changedPaths };
  return {
    services: new Map([...live.services].map(([id, container]) => [id, liveService(container, seen)])),
    departed: departedServices(live, question.components),
    hasLeftovers: live.leftovers.length > 0,
    stores,
    foreign: live.foreign.map((container) => container.name),
    imageIds,
    copies: new Map(written.map((path) => [path, join(install.layout.live, path)])),
    trace: traceOf(all),
  };
}

interface Seen {
  readonly install: Install;
  readonly plan: Plan | undefined;
  readonly networks: readonly NetworkState[];
  readonly links: HostLinks;
  readonly digests: ReadonlyMap<string, readonly string[]>;
  readonly changed: ReadonlySet<string>;
}

function liveService(container: ContainerState, seen: Seen): LiveService {
  const { install, digests, changed } = seen;
  const unit = install.applied.units.find(({ id }) => id === container.service);
  const recorded = composeRecord(install.applied).containers[container.service];
  const { uptime, exitCode } = container;
  const digest = digests.get(container.imageId)?.at(-1);
  return {
    component: container.service,
    name: container.name,
    id: container.id,
    phase: container.state,
    health: container.health,
    specHash: container.labels[specLabel] ?? "",
    // The engine's list names an image by its id once its tag stands for another: it was made from what is recorded.
    image: container.image === container.imageId ? (unit?.image ?? container.image) : container.image,
    imageId: container.imageId,
    ...(digest === undefined ? {} : { digest }),
    ...(uptime === undefined ? {} : { uptime }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ports: container.ports,
    severed: severedFrom(container, seen),
    changedFiles: (unit?.filePaths ?? []).filter((path) => changed.has(path)),
    replaced: recorded !== undefined && recorded.containerId !== container.id,
  };
}

function severedFrom(container: ContainerState, { install, plan, networks, links }: Seen): readonly string[] {
  if (plan === undefined) return [];
  const lost = describeLost(lostNetworks(plan, install.name, container, networks));
  if (!showsBridges(networks, links)) return lost;
  const attached = networks.filter(({ name }) => container.networks.includes(name));
  const faults = attached.flatMap((network) => {
    const fault = bridgeFault(network, links);
    return fault === undefined ? [] : [`on the network ${network.name} it reaches nobody: ${fault}`];
  });
  return [...lost, ...faults];
}

/** A container reads its files from the state directory; another program may have changed them. */
async function findChangedFiles(
  { identity, layout, applied }: Install,
  { fs }: ComposePorts,
): Promise<readonly string[]> {
  return identity === undefined
    ? []
    : changedFiles({ fs, root: layout.live, digestKey: identity.digestKey }, composeRecord(applied));
}

function departedServices({ leftovers }: LiveContainers, wanted: readonly string[]): readonly string[] {
  const services = leftovers.filter((container) => container.labels[roleLabel] === "service");
  return [...new Set(services.map((container) => container.service))].filter((id) => !wanted.includes(id));
}

async function liveStores(
  install: Install,
  volumes: readonly VolumeState[],
  ports: ComposePorts,
): Promise<ReadonlyMap<string, LiveStore>> {
  const stores = await Promise.all(
    volumes.map(async (volume): Promise<readonly [string, LiveStore]> => {
      const ours = volume.labels[installLabel] === install.identity?.uuid;
      return [storeOf(install.name, volume), { place: volume.name, ours, ...(await spaceFor(volume, ports)) }];
    }),
  );
  return new Map(stores);
}

/** An engine elsewhere, or one whose directories this user may not look into, does not tell. */
async function spaceFor(
  { hostPath, mountpoint }: VolumeState,
  { fs }: ComposePorts,
): Promise<Pick<LiveStore, "freeBytes" | "sizeBytes">> {
  const path = hostPath ?? mountpoint;
  try {
    if (!(await fs.exists(path))) return {};
    const [freeBytes, sizeBytes] = await Promise.all([fs.freeBytes(path), fs.diskBytes(path)]);
    return { freeBytes, sizeBytes };
  } catch {
    return {};
  }
}

function traceOf(containers: readonly ContainerState[]): LivePlatform["trace"] {
  return containers
    .filter(({ labels }) => labels[roleLabel] !== "job" && labels[roleLabel] !== consoleRole)
    .map((container) => [container.service, container.labels[specLabel] ?? "", container.imageId])
    .sort((a, b) => (a.join() < b.join() ? -1 : 1));
}
