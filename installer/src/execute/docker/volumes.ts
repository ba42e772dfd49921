import { join } from "node:path";
import { ApplyError, DataExpectedError } from "../../errors/installer-error.ts";
import type { Plan } from "../../plan/model.ts";
import type { Docker, FileSystem, Host } from "../../platform/ports.ts";
import type { ComposeVolume } from "../../render/compose/compose-rendering.ts";
import type { Applied, Identity } from "../state/state-store.ts";

export const installLabel = "dev.slipway.install";
export const nameLabel = "dev.slipway.name";
const componentLabel = "dev.slipway.component";
export const runLabel = "dev.slipway.run";

export interface VolumePorts {
  readonly docker: Docker;
  readonly fs: FileSystem;
  readonly host: Host;
}

interface LiveVolume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly mountpoint: string;
}

/** The volumes of the install that the engine has, by name. */
export async function liveVolumes(docker: Docker, name: string): Promise<ReadonlyMap<string, LiveVolume>> {
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
    if (existing === undefined) {
      await createVolume(ports, identity, volume);
      created.push(volume.engineName);
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
    } else if (image !== undefined) {
      const result = await ports.docker.runOnce({
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
  }
}

export interface GuardRequest {
  readonly name: string;
  readonly plan: Plan;
  readonly volumes: readonly ComposeVolume[];
  readonly applied: Applied;
  /** An image to look into volumes with, where their files cannot be read directly. */
  readonly probeImage: string | undefined;
}

/**
 * Refuses to go on when a store that served before is gone or empty: starting it would make a new, empty one in its place.
 * @throws DataExpectedError naming every such volume
 */
export async function guardData(ports: VolumePorts, request: GuardRequest): Promise<void> {
  const { plan, volumes, applied, probeImage } = request;
  const live = await liveVolumes(ports.docker, request.name);
  const lost: string[] = [];
  for (const volume of volumes) {
    if (applied.initialised[volume.engineName] === undefined || !mustKeep(plan, volume)) continue;
    const existing = live.get(volume.engineName);
    if (existing === undefined) lost.push(`${volume.engineName} (${volume.component}): the volume is gone`);
    else if (volume.marker !== undefined && !(await hasMarker(ports, volume, existing, probeImage))) {
      lost.push(`${volume.engineName} (${volume.component}): ${volume.marker} is not in it`);
    }
  }
  if (lost.length === 0) return;
  const components = [
    ...new Set(
      volumes
        .filter((volume) => lost.some((line) => line.startsWith(`${volume.engineName} `)))
        .map((volume) => volume.component),
    ),
  ];
  throw new DataExpectedError(`data of ${components.join(", ")} was here and is gone; nothing was started`, {
    details: lost,
    hint: `put the data back from a backup; or, to begin with empty stores, install with ${components.map((id) => `--accept-data-loss ${id}`).join(" ")}`,
  });
}

function mustKeep(plan: Plan, volume: ComposeVolume): boolean {
  const component = plan.components.find((candidate) => candidate.id === volume.component);
  return component?.volumes.find((candidate) => candidate.name === volume.volume)?.dataClass === "backup";
}

async function hasMarker(
  ports: VolumePorts,
  volume: ComposeVolume,
  live: LiveVolume,
  image: string | undefined,
): Promise<boolean> {
  const marker = volume.marker ?? "";
  const place = volume.hostPath ?? live.mountpoint;
  if (ports.host.isRoot() && (await ports.fs.exists(place))) return ports.fs.exists(join(place, marker));
  // The disk is not mounted, most likely.
  if (ports.host.isRoot() && volume.hostPath !== undefined) return false;
  if (image === undefined) return true;
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
  return result.exitCode === 0;
}
