import { storeId } from "../../../render/rendering.ts";
import { engineVolumeName } from "../../../render/compose/compose-service.ts";
import type { ContainerState, VolumeState } from "../../../platform/ports.ts";
import { checkDirectory, inMemory, mountFor, overNetwork } from "../../host/directories.ts";
import type { CheckFinding } from "../../check.ts";
import { type ComposeCheck, type ComposeCheckContext, installIdOf } from "./compose-check.ts";
import { composeRecord } from "../compose-record.ts";
import { installLabel, nameLabel } from "../../../render/compose/labels.ts";
import { isMadeFrom } from "../live-containers.ts";
import { movedData } from "../moved-data.ts";
import { storeOf } from "../volumes.ts";

const withoutOwners: readonly string[] = ["vfat", "exfat", "msdos", "ntfs", "ntfs3", "fuseblk", "9p", "drvfs"];

const dataDir: ComposeCheck = {
  id: "data-dir.usable",
  title: "the data directory can hold the services' data",
  why: "stores need a file system with owners that survives a reboot",
  severity: "failure",
  run: async (context) => {
    const { dataDir: path } = context.plan.settings;
    if (path === undefined) return [];
    return [...(await checkDirectory(context, path, "dataDir")), ...(await checkFileSystem(context, path))];
  },
};

const dataUnmoved: ComposeCheck = {
  id: "data-dir.unmoved",
  title: "the data directory is where the data is",
  why: "volumes stay where they were made; the records would name a place where no data is",
  severity: "failure",
  run: async (context) => {
    const { docker, engine, plan, install } = context;
    const installId = installIdOf(context);
    if (!engine.reachable || installId === undefined) return [];
    // A first install that failed has made volumes, too.
    const recorded = install?.plan ?? install?.pendingPlan;
    const moved = recorded === undefined ? [] : movedData(recorded, plan);
    if (moved.length === 0 || (await docker.volumes({ [installLabel]: installId })).length === 0) return [];
    return moved.map(({ message, hint }) => ({ message, remedy: hint }));
  },
};

const dataEmpty: ComposeCheck = {
  id: "data-dir.empty",
  title: "the data directory holds nothing of others",
  why: "a store would take files it did not write for its own, or not start at all",
  severity: "failure",
  run: async (context) => {
    const { dataDir: path } = context.plan.settings;
    if (path === undefined) return [];
    const own = await ownVolumes(context);
    const places = context.plan.components.flatMap(({ id, workload, volumes }) =>
      workload === undefined
        ? []
        : volumes
            .filter(({ name }) => !own.has(storeId({ component: id, volume: name })))
            .map(({ name }) => ({ component: id, place: `${path}/${id}-${name}` })),
    );
    const held = await Promise.all(places.map(({ place }) => holdsSomething(context, place)));
    return places
      .filter((_place, index) => held[index] === true)
      .map(({ component, place }) => ({
        component,
        message: `${place} holds something already, and it is not of this install`,
        remedy: "move it away, choose another dataDir, or give the --state-dir of the install it belongs to",
      }));
  },
};

/** The stores that this install made: by the label on them, or by its records where the engine lost them. */
async function ownVolumes(context: ComposeCheckContext): Promise<ReadonlySet<string>> {
  const { docker, engine, install } = context;
  const installId = installIdOf(context);
  if (install === undefined || installId === undefined) return new Set();
  const labelled = engine.reachable ? (await docker.volumes({})).filter((volume) => isOwn(volume, installId)) : [];
  const { applied } = install;
  return new Set([
    ...labelled.map((volume) => storeOf(install.name, volume)),
    ...Object.keys(applied.initialised),
    ...composeRecord(applied).volumes.map(storeId),
  ]);
}

/** The root of a file system of its own has `lost+found`; a directory that may not be read is somebody's. */
async function holdsSomething({ fs }: ComposeCheckContext, place: string): Promise<boolean> {
  if ((await fs.stat(place))?.directory !== true) return false;
  const names = await fs.list(place).catch(() => ["?"]);
  return names.some((name) => name !== "lost+found");
}

async function checkFileSystem(context: ComposeCheckContext, path: string): Promise<readonly CheckFinding[]> {
  const mount = await mountFor(context, path);
  if (mount === undefined) return [];
  if (inMemory.includes(mount.type)) {
    return [
      {
        message: `${path} is in memory (${mount.type}): all data is gone after a reboot`,
        remedy: "set dataDir to a directory on a disk",
      },
    ];
  }
  if (withoutOwners.includes(mount.type)) {
    return [
      {
        message: `${path} is on ${mount.type}, where files have no owners`,
        remedy: "set dataDir to a directory on ext4 or xfs",
      },
    ];
  }
  if (!overNetwork.includes(mount.type)) return [];
  return [
    {
      severity: "warning",
      message: `${path} is on a network file system (${mount.type})`,
      remedy: "databases need its locks and syncs to be right; a local disk is safer and faster",
    },
  ];
}

function isOwn(volume: VolumeState, installId: string | undefined): boolean {
  return installId !== undefined && volume.labels[installLabel] === installId;
}

function containersElsewhere(containers: readonly ContainerState[], name: string, path: string): CheckFinding {
  return {
    message: `containers of another install named ${name} exist (${containers
      .slice(0, 3)
      .map((container) => container.name)
      .join(", ")}), whose records are not in ${path}`,
    remedy: `give the --state-dir of that install, choose another --name, or remove them when nobody needs them: slipway uninstall --yes-i-mean ${name}`,
  };
}

const nameFree: ComposeCheck = {
  id: "install.name-free",
  title: "no other install has this name",
  why: "two installs of one name would take each other's containers and volumes",
  severity: "failure",
  run: async (context) => {
    const { docker, engine, plan, name, install, stateDir: path } = context;
    const installId = installIdOf(context);
    if (!engine.reachable) return [];
    const [volumes, containers] = await Promise.all([docker.volumes({}), docker.containers(name)]);
    // By name too: one made by hand, or by a Compose project of this name, carries no label of ours.
    const ours = new Set(
      plan.components.flatMap(({ id, volumes: own }) => own.map((volume) => engineVolumeName(plan, id, volume.name))),
    );
    const others = volumes.filter(
      (volume) => (volume.labels[nameLabel] === name || ours.has(volume.name)) && !isOwn(volume, installId),
    );
    const findings: CheckFinding[] = [];
    if (others.length > 0) {
      findings.push({
        message: `volumes of another install or project named ${name} exist (${others
          .slice(0, 3)
          .map((volume) => volume.name)
          .join(", ")}), whose records are not in ${path}`,
        remedy:
          "give the --state-dir of that install, choose another --name, or remove the volumes when nobody needs their data",
      });
    }
    if (others.length === 0 && !volumes.some((volume) => isOwn(volume, installId))) {
      const elsewhere = containers.filter(
        (container) =>
          container.labels[nameLabel] === name &&
          (install === undefined || installId === undefined || !isMadeFrom(container, install.layout)),
      );
      if (elsewhere.length > 0) findings.push(containersElsewhere(elsewhere, name, path));
    }
    const foreign = containers.filter((container) => container.labels[nameLabel] !== name);
    if (foreign.length > 0) {
      findings.push({
        message: `a Compose project named ${name} that is not ours has containers (${foreign
          .slice(0, 3)
          .map((container) => container.name)
          .join(", ")})`,
        remedy: "choose another --name, or remove that project",
      });
    }
    return findings;
  },
};

export const placeChecks: readonly ComposeCheck[] = [dataDir, dataUnmoved, dataEmpty, nameFree];
