import { UsageError } from "../../errors/installer-error.ts";
import { recordRun } from "../../execute/history/run-history.ts";
import { keepCurrentRevision } from "../../execute/history/revisions.ts";
import { type Install, openInstall, planOfInstall } from "../../execute/state/install.ts";
import { type StateLayout, stateLayout } from "../../execute/state/layout.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import { openApplied } from "../../execute/state/state-store.ts";
import type { Remains } from "../../targets/target.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";

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
  readonly kept: {
    readonly volumes: readonly string[];
    /** Containers that bear the name and were not made by slipway. */
    readonly strangers: readonly string[];
    readonly stateDir?: string;
  };
}

/** Files that may lie in a state directory: nothing else is ever removed by a purge. */
const stateMark = "format";

/**
 * Removes the platform; its data stays unless `purge`. What is already gone is not an error.
 * @throws UsageError when the confirmed name, the records or the volumes are another install's; LockedError
 */
export async function uninstall(request: UninstallRequest, ports: ActionPorts): Promise<UninstallResult> {
  if ((request.purge || request.confirmedName !== undefined) && request.confirmedName !== request.name) {
    throw new UsageError(`to remove all data of ${request.name}, its name must be given`, {
      hint: `--yes-i-mean ${request.name}`,
    });
  }
  const layout = stateLayout(request.stateDir);
  if (!(await ports.fs.exists(layout.root))) return remove(request, ports);
  const run = ports.random.uuid();
  const release = await acquireRunLock(ports, layout, run);
  try {
    // Of a purge nothing is left to record it in; a directory without the mark may be anybody's.
    if (request.purge || !(await ports.fs.exists(layout.format))) return await remove(request, ports);
    return await recordRun(
      ports,
      layout,
      { run, command: "uninstall", version: ports.assets.version },
      async (tell) => {
        const result = await remove(request, ports);
        const { length } = result.removed.containers;
        tell({
          changed: length === 0 ? [] : [`removed ${length} containers, kept ${result.kept.volumes.length} volumes`],
        });
        return result;
      },
    );
  } finally {
    await release();
  }
}

async function remove(request: UninstallRequest, ports: ActionPorts): Promise<UninstallResult> {
  const install = await openInstall(request, ports.fs);
  const { layout } = install;
  const remains = await ports.target.remains(install);
  requireOwn(request, install, remains);
  const { report, signal } = ports;
  const plan = planOfInstall(install);
  const { strangers, ...removed } = await ports.target.remove(
    install,
    { data: request.purge, plan },
    { report, signal, redact: (line) => line },
  );
  for (const name of strangers) {
    report({
      type: "warning",
      message: `${name} carries the name ${request.name}, but slipway did not make it: it is kept`,
      hint: "remove it by hand when nobody needs it",
    });
  }
  const stateExists = await ports.fs.exists(layout.root);
  const head = {
    apiVersion: "slipway/v1",
    kind: "UninstallResult",
    name: request.name,
    purged: request.purge,
  } as const;
  if (!request.purge) {
    if (stateExists) await forgetServices(install, ports);
    const volumes = remains.stores.map(({ place }) => place).sort();
    const kept = { volumes, strangers, ...(stateExists ? { stateDir: request.stateDir } : {}) };
    return { ...head, removed, kept };
  }
  // Before the directory, which alone tells where they are.
  if (stateExists) await ports.target.records?.remove();
  const directories = stateExists
    ? [...removed.directories, ...(await removeState(layout, ports))]
    : removed.directories;
  return { ...head, removed: { ...removed, directories }, kept: { volumes: [], strangers } };
}

/** A name alone proves nothing: another user of this host may have an install of the same name, with its records elsewhere. */
function requireOwn(request: UninstallRequest, { identity, layout }: Install, remains: Remains): void {
  if (identity !== undefined && identity.name !== request.name) {
    throw new UsageError(`${layout.root} is the state of the install ${identity.name}, not of ${request.name}`, {
      hint: `give --name ${identity.name}, or another --state-dir`,
    });
  }
  if (request.confirmedName === undefined) requireOwnWorkloads(request, layout, remains);
  if (!request.purge) return;
  const foreign = remains.stores.filter((store) => !store.ours);
  if (foreign.length === 0) return;
  throw new UsageError(`volumes named ${request.name} belong to an install whose records are not in ${layout.root}`, {
    details: foreign.map((store) => store.place),
    hint: "give the --state-dir of that install; or remove them by hand when nobody needs their data",
  });
}

/** Who wants to remove what may be of another install says so by typing the name. */
function requireOwnWorkloads(request: UninstallRequest, layout: StateLayout, { workloads }: Remains): void {
  const foreign = workloads.filter(({ claim }) => claim === "another");
  if (foreign.length === 0) return;
  throw new UsageError(
    `containers named ${request.name} belong to an install whose records are not in ${layout.root}`,
    {
      details: foreign.map(({ name }) => name),
      hint: `give the --state-dir of that install; or, when nobody needs it, remove them with --yes-i-mean ${request.name}`,
    },
  );
}

async function forgetServices(install: Install, ports: ActionPorts): Promise<void> {
  const { layout } = install;
  if (!(await ports.fs.exists(layout.applied))) return;
  await keepCurrentRevision(ports.fs, install);
  const record = await openApplied(ports.fs, layout);
  await record.update(() => ({ appliedHash: "" }));
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
