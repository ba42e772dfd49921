import { join } from "node:path";
import { ApplyError } from "../../errors/installer-error.ts";
import type { SeenStore, StoreContents } from "../../execute/data-guard.ts";
import type { Identity } from "../../execute/state/records.ts";
import type { Plan } from "../../plan/model.ts";
import type { Docker, FileSystem, Host, VolumeState } from "../../platform/ports.ts";
import { engineVolumeName } from "../../render/compose/compose-service.ts";
import { type Store, storeId } from "../../render/rendering.ts";
import { componentLabel, installLabel, keptLabel, nameLabel } from "../../render/compose/labels.ts";

export interface VolumePorts {
  readonly docker: Docker;
  readonly fs: FileSystem;
  readonly host: Host;
}

/** A store as the engine keeps it. */
export interface ComposeVolume extends Store {
  /** Name in the engine, `<name>_<component>-<volume>`. */
  readonly engineName: string;
  /** Host directory: its own, or one below the dataDir of the values. */
  readonly hostPath?: string;
}

/** The volumes that the stores of a plan lie in. */
export function composeVolumes(plan: Plan, stores: readonly Store[]): readonly ComposeVolume[] {
  const { dataDir } = plan.settings;
  return stores.map((store) => ({
    ...store,
    engineName: engineVolumeName(plan, store.component, store.volume),
    ...hostPathOf(store, dataDir),
  }));
}

function hostPathOf(store: Store, dataDir: string | undefined): Pick<ComposeVolume, "hostPath"> {
  if (store.directory !== undefined) return { hostPath: store.directory };
  return dataDir === undefined ? {} : { hostPath: `${dataDir}/${store.component}-${store.volume}` };
}

/** The store, `component/volume`, that a volume of an install keeps. */
export function storeOf(name: string, volume: VolumeState): string {
  const component = volume.labels[componentLabel] ?? "";
  return storeId({ component, volume: volume.name.slice(`${name}_${component}-`.length) });
}

/** The volumes of the install that the engine has, by name. */
export async function liveVolumes(docker: Docker, name: string): Promise<ReadonlyMap<string, VolumeState>> {
  const found = await docker.volumes({ [nameLabel]: name });
  return new Map(found.map((volume) => [volume.name, volume]));
}

/**
 * Creates the volumes that are missing, owned by the uid that writes to them.
 * @throws ApplyError when one of that name belongs to another install
 */
export async function ensureVolumes(
  ports: VolumePorts,
  identity: Identity,
  volumes: readonly ComposeVolume[],
  chownImage: string | undefined,
): Promise<readonly string[]> {
  const live = await liveVolumes(ports.docker, identity.name);
  const created: string[] = [];
  for (const volume of volumes) {
    const existing = live.get(volume.engineName);
    const isElsewhere = volume.directory !== undefined && existing?.hostPath !== volume.directory;
    if (existing === undefined) {
      await createVolume(ports, identity, volume);
      created.push(volume.engineName);
    } else if (existing.labels[installLabel] === identity.uuid && isElsewhere) {
      // Nothing keeps it open, and what is in the directory before stays there.
      await ports.docker.removeVolume(volume.engineName);
      await createVolume(ports, identity, volume);
    } else if (existing.labels[installLabel] !== identity.uuid) {
      throw new ApplyError(`the volume ${volume.engineName} belongs to another install`, {
        hint: `choose another --name, or remove it when nobody needs its data: docker volume rm ${volume.engineName}`,
      });
    }
  }
  // Also those an earlier run created just before it was killed; a volume in use keeps its owner.
  await giveToWriters(ports, identity, volumes, chownImage);
  return created;
}

async function createVolume(ports: VolumePorts, identity: Identity, volume: ComposeVolume): Promise<void> {
  if (volume.hostPath !== undefined) await ports.fs.makeDirectory(volume.hostPath, 0o700);
  const labels = {
    [installLabel]: identity.uuid,
    [nameLabel]: identity.name,
    [componentLabel]: volume.component,
    ...(volume.directory === undefined ? {} : { [keptLabel]: "true" }),
  };
  await ports.docker.createVolume(volume.engineName, labels, volume.hostPath);
}

async function giveToWriters(
  ports: VolumePorts,
  identity: Identity,
  volumes: readonly ComposeVolume[],
  image: string | undefined,
): Promise<void> {
  const live = await liveVolumes(ports.docker, identity.name);
  for (const volume of volumes) {
    const place = volume.hostPath ?? live.get(volume.engineName)?.mountpoint;
    const found = ports.host.isRoot() && place !== undefined ? await ports.fs.stat(place) : undefined;
    if (found !== undefined && place !== undefined) {
      if (found.uid !== volume.uid) await ports.fs.setOwner(place, volume.uid, 0o700);
    } else {
      await chownByEngine(ports.docker, volume, image);
    }
  }
}

async function chownByEngine(docker: Docker, volume: ComposeVolume, image: string | undefined): Promise<void> {
  if (image === undefined) {
    throw new ApplyError(`the volume ${volume.engineName} cannot be given to uid ${volume.uid}`, {
      hint: "run the same command as root: this user may not do it, and the engine has no image of the plan to do it with",
    });
  }
  const result = await docker.runOnce({
    image,
    entrypoint: ["/bin/chown", `${volume.uid}:${volume.uid}`],
    command: ["/volume"],
    user: "0:0",
    binds: [`${volume.engineName}:/volume:nocopy`],
    capabilities: ["CHOWN"],
    labels: {},
    timeoutMs: 60_000,
  });
  if (result.exitCode !== 0) {
    throw new ApplyError(`the volume ${volume.engineName} could not be given to uid ${volume.uid}`, {
      details: result.output,
    });
  }
}

/** Looks into volumes for the marker of their service; `image` is used where this user may not look. */
export async function inspectVolumes(
  ports: VolumePorts,
  name: string,
  volumes: readonly ComposeVolume[],
  image: string | undefined,
): Promise<ReadonlyMap<string, SeenStore>> {
  const live = await liveVolumes(ports.docker, name);
  const seen = new Map<string, SeenStore>();
  for (const volume of volumes) {
    const existing = live.get(volume.engineName);
    const contents = existing === undefined ? "missing" : await contentsOf(ports, volume, existing, image);
    seen.set(storeId(volume), { place: volume.engineName, contents });
  }
  return seen;
}

async function contentsOf(
  ports: VolumePorts,
  volume: ComposeVolume,
  live: VolumeState,
  image: string | undefined,
): Promise<StoreContents> {
  const { marker } = volume;
  if (marker === undefined) return "data";
  const place = volume.hostPath ?? live.mountpoint;
  const asRoot = ports.host.isRoot();
  if (asRoot && (await ports.fs.exists(place))) return (await ports.fs.exists(join(place, marker))) ? "data" : "empty";
  // The disk is not mounted, most likely.
  if (asRoot && volume.hostPath !== undefined) return "empty";
  if (image === undefined) return "unknown";
  const result = await ports.docker.runOnce({
    image,
    entrypoint: ["/usr/bin/test", "-e"],
    command: [`/volume/${marker}`],
    user: "0:0",
    binds: [`${volume.engineName}:/volume:ro`],
    capabilities: ["DAC_READ_SEARCH"],
    labels: {},
    timeoutMs: 60_000,
  });
  return result.exitCode === 0 ? "data" : "empty";
}
