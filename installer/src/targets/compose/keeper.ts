import { dirname, join } from "node:path";
import { ApplyError } from "../../errors/installer-error.ts";
import { steps } from "../../events/steps.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import type { Install } from "../../execute/state/install.ts";
import { withStep } from "../../execute/with-step.ts";
import type { Plan } from "../../plan/model.ts";
import {
  componentLabel,
  copyLabel,
  installLabel,
  keptLabel,
  nameLabel,
  runLabel,
} from "../../render/compose/labels.ts";
import type { VolumeState } from "../../platform/ports.ts";
import { storeId } from "../../render/rendering.ts";
import type { KeptData, KeptSize, TargetIo } from "../target.ts";
import { reapOneShots } from "./apply.ts";
import { createComposeCommands } from "./compose-commands.ts";
import type { ComposePorts } from "./compose-ports.ts";
import { composeRecord } from "./compose-record.ts";
import { probeImageOf } from "./probe-image.ts";
import { removeCompose } from "./remove.ts";
import { type ComposeVolume, composeVolumes } from "./volumes.ts";

/*
 * Copies of volumes and of the live tree on one Docker host. A container makes them: files belong to the users of services, and the
 * engine may keep them where only it can look. Where the file system can share blocks (btrfs, XFS) a copy takes next to no time and room.
 */

/** As `Keeper.measure`. */
export async function measureStores(
  install: Install,
  { plan, stores }: KeptData,
  ports: ComposePorts,
): Promise<KeptSize> {
  const inside = await insideOf(install, plan, ports);
  const volumes = composeVolumes(plan, stores);
  let bytes = 0;
  let freeBytes = Infinity;
  for (const volume of volumes) {
    const lines = await inside(`measure ${volume.engineName}`, measureScript, [`${volume.engineName}:/from:ro`]);
    const [used, free] = lines.slice(-2).map(Number);
    if (used === undefined || free === undefined || Number.isNaN(used + free)) {
      throw new ApplyError(`how large ${volume.engineName} is cannot be measured`, { details: lines });
    }
    bytes += used;
    // The copy of a directory lies beside it, which may be another disk than the one that is mounted there.
    const beside = volume.hostPath === undefined ? free : await ports.fs.freeBytes(dirname(volume.hostPath));
    freeBytes = Math.min(freeBytes, beside);
  }
  return { bytes, freeBytes };
}

/** As `Keeper.keep`. */
export async function keepStores(
  install: Install,
  { plan, stores }: KeptData,
  io: TargetIo,
  ports: ComposePorts,
): Promise<void> {
  const inside = await insideOf(install, plan, ports, io.signal);
  await discardKept(install, plan, ports);
  await withStep({ ...io, ...ports }, steps.keep, async () => {
    for (const volume of composeVolumes(plan, stores)) {
      throwIfInterrupted(io.signal, `${volume.engineName} was copied`);
      const copy = copyOf(volume);
      if (copy.hostPath !== undefined) await ports.fs.makeDirectory(copy.hostPath, 0o700);
      const labels = { [copyLabel]: install.name, ...ownerOf(install), [componentLabel]: volume.component };
      await ports.docker.createVolume(copy.name, labels, copy.hostPath);
      await inside(`copy ${volume.engineName}`, copyScript, [
        `${volume.engineName}:/from:ro`,
        `${copy.name}:/to:nocopy`,
      ]);
      io.report({ type: "item", step: steps.keep.id, id: storeId(volume), state: "done" });
    }
    const folder = keptFiles(install);
    await ports.fs.makeDirectory(folder, 0o700);
    await ports.fs.writeAtomic(keptNames(install), JSON.stringify(await ownVolumes(install, ports)), { mode: 0o600 });
    await inside("copy the files of services", copyScript, [`${install.layout.live}:/from:ro`, `${folder}:/to`]);
  });
}

/** As `Keeper.lacks`. */
export async function findLacking(
  install: Install,
  { plan, stores }: KeptData,
  ports: ComposePorts,
): Promise<readonly string[]> {
  const owned = async (label: string) =>
    (await ports.docker.volumes({ [label]: install.name }))
      .filter((volume) => isOwn(install, volume))
      .map(({ name }) => name);
  const there = new Set([...(await owned(nameLabel)), ...(await owned(copyLabel))]);
  const volumes = composeVolumes(plan, stores).flatMap((volume) => [volume.engineName, copyOf(volume).name]);
  const images = plan.components.flatMap(({ workload }) => workload?.container.image.reference ?? []);
  const present = await ports.docker.imageIds(images);
  const files = [keptFiles(install), keptNames(install)];
  const lacking = await Promise.all(files.map(async (path) => ((await ports.fs.exists(path)) ? [] : [path])));
  return [
    ...volumes.filter((name) => !there.has(name)),
    ...new Set(images.filter((reference) => !present.has(reference))),
    ...lacking.flat(),
  ];
}

/** As `Keeper.putBack`. */
export async function putStoresBack(
  install: Install,
  { plan, stores }: KeptData,
  io: TargetIo,
  ports: ComposePorts,
): Promise<ReadonlyMap<string, string>> {
  const inside = await insideOf(install, plan, ports);
  // Networks, too: what another version made may not be what the files describe.
  await removeCompose(install, { data: false, plan }, io, ports);
  return withStep({ ...io, ...ports }, steps.putBack, async () => {
    for (const volume of composeVolumes(plan, stores)) {
      await inside(`put ${volume.engineName} back`, copyScript, [
        `${copyOf(volume).name}:/from:ro`,
        `${volume.engineName}:/to:nocopy`,
      ]);
      io.report({ type: "item", step: steps.putBack.id, id: storeId(volume), state: "done" });
    }
    await inside("put the files of services back", copyScript, [
      `${keptFiles(install)}:/from:ro`,
      `${install.layout.live}:/to`,
    ]);
    await removeNewVolumes(install, inside, ports);
    const services = plan.components.flatMap(({ id, workload }) => (workload === undefined ? [] : [id]));
    await createComposeCommands(ports, install.name, install.layout.live).create(services);
    const made = new Map((await ports.docker.containers(install.name)).map(({ service, id }) => [service, id]));
    const before = Object.entries(composeRecord(install.applied).containers);
    return new Map(
      before.flatMap(([service, { containerId }]) => {
        const id = made.get(service);
        return id === undefined ? [] : [[containerId, id] as const];
      }),
    );
  });
}

/** As `Keeper.discard`. */
export async function discardKept(install: Install, plan: Plan, ports: ComposePorts): Promise<void> {
  const folder = keptFiles(install);
  // One that a killed run left goes on copying, and holds the copy.
  await reapOneShots(install.name, ports.docker);
  const copies = await ports.docker.volumes({ [copyLabel]: install.name });
  if (copies.length === 0 && !(await ports.fs.exists(folder))) return;
  const inside = await insideOf(install, plan, ports);
  for (const { name, hostPath } of copies) {
    if (hostPath !== undefined && (await ports.fs.exists(hostPath))) {
      await inside(`empty ${hostPath}`, openScript, [`${hostPath}:/to`]);
      await ports.fs.remove(hostPath);
    }
    await ports.docker.removeVolume(name);
  }
  if (!(await ports.fs.exists(folder))) return;
  await inside(`empty ${folder}`, openScript, [`${folder}:/to`]);
  await ports.fs.remove(folder);
}

/** The volume that the copy of one lies in; data in a directory of the host is copied beside it. */
function copyOf({ engineName, hostPath }: ComposeVolume): { readonly name: string; readonly hostPath?: string } {
  return { name: `${engineName}.kept`, ...(hostPath === undefined ? {} : { hostPath: `${hostPath}.kept` }) };
}

/** Where it says which volumes there were. */
function keptNames({ layout }: Install): string {
  return join(layout.kept, "volumes.json");
}

function isOwn({ identity }: Install, { labels }: VolumeState): boolean {
  return identity !== undefined && labels[installLabel] === identity.uuid;
}

async function ownVolumes(install: Install, { docker }: ComposePorts): Promise<readonly string[]> {
  const volumes = await docker.volumes({ [nameLabel]: install.name });
  return volumes.filter((volume) => isOwn(install, volume)).map(({ name }) => name);
}

/** What the newer version made is of secrets that go with it; data of a person's own directories stays. */
async function removeNewVolumes(install: Install, inside: Inside, ports: ComposePorts): Promise<void> {
  const before = JSON.parse(await ports.fs.readText(keptNames(install))) as readonly string[];
  for (const volume of await ports.docker.volumes({ [nameLabel]: install.name })) {
    if (before.includes(volume.name) || !isOwn(install, volume)) continue;
    const { name, hostPath, labels } = volume;
    if (hostPath !== undefined && labels[keptLabel] === undefined) {
      await inside(`empty ${hostPath}`, openScript, [`${hostPath}:/to`]);
      await ports.fs.remove(hostPath);
    }
    await ports.docker.removeVolume(name);
  }
}

/** What a purge knows it by. */
function ownerOf({ identity }: Install): Readonly<Record<string, string>> {
  return identity === undefined ? {} : { [installLabel]: identity.uuid };
}

/** Where the live tree is kept. */
function keptFiles({ layout }: Install): string {
  return join(layout.kept, "live");
}

/** Bytes that the files take, then those that are free, a line each. */
const measureScript = "du -sB1 /from | cut -f1; df -B1 --output=avail /from | tail -n1";
const emptyScript = "find /to -mindepth 1 -delete";
/** A copy of a directory is its writer's, as that is; whoever removes it has to look into it. */
const openScript = `${emptyScript} && chmod 755 /to`;
/** On the disk before it counts as made: a power cut must not leave half of it behind. */
const copyScript = `${emptyScript} && cp -a --reflink=auto /from/. /to/ && sync -f /to`;

const copyLimitMs = 24 * 3_600_000;

type Inside = (what: string, script: string, binds: readonly string[]) => Promise<readonly string[]>;

/** Runs one of the scripts in a container that may read, write and give away any file of what is bound into it. */
async function insideOf(install: Install, plan: Plan, ports: ComposePorts, signal?: AbortSignal): Promise<Inside> {
  const image = await probeImageOf(plan, ports);
  if (image === undefined) {
    throw new ApplyError("the engine has no image of the platform to copy its data with", {
      hint: "slipway images build, or slipway bundle load, provides them",
    });
  }
  return async (what, script, binds) => {
    const result = await ports.docker.runOnce({
      image,
      entrypoint: ["/bin/sh", "-ec"],
      command: [script],
      user: "0:0",
      binds,
      capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"],
      // Labelled, so that the next change clears a container away that a killed run left.
      labels: { [nameLabel]: install.name, [runLabel]: "keep" },
      timeoutMs: copyLimitMs,
      ...(signal === undefined ? {} : { signal }),
    });
    if (result.exitCode === 0) return result.output;
    throw new ApplyError(`could not ${what}`, {
      details: result.output.slice(-5),
      hint: "see that there is room on the disk, then run the same command again",
    });
  };
}
