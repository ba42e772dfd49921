import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { recordRun } from "../../execute/history/run-history.ts";
import { type Install, openInstall, requireInstalled } from "../../execute/state/install.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import type { Plan } from "../../plan/model.ts";
import { type Store, storeId, storesOf } from "../../render/rendering.ts";
import type { Keeper, Target } from "../../targets/target.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { touchPlan } from "../lifecycle/lifecycle.ts";
import { putRecordsBack } from "./kept-records.ts";
import { readUpgrade, type UpgradeRecord, writeUpgrade } from "./upgrade-record.ts";

/** An upgrade that can be taken back, as its record tells. */
export interface OpenUpgrade {
  /** Versions of Slipway: the one that the platform becomes of again, and the one that it was taken to. */
  readonly from: string;
  readonly to: string;
  /** Whether something may be lost that people did since: what they wrote, or changes that they made. */
  readonly loses: boolean;
  /** What was written since then, ISO 8601, is lost by going back; absent where no data is put back. */
  readonly losesSince?: string;
}

/** The upgrade of an install that going back would take back; undefined where there is none. Throws as `readUpgrade`. */
export async function findUpgrade(
  request: InstallTarget,
  { fs }: Pick<ActionPorts, "fs">,
): Promise<OpenUpgrade | undefined> {
  const install = await openInstall(request, fs);
  const record = await readUpgrade(install, fs);
  return record === undefined ? undefined : openUpgradeOf(record, install);
}

function openUpgradeOf(record: UpgradeRecord, install: Install): OpenUpgrade {
  const { from, to, phase, stores, keptAt, appliedRelease } = record;
  const hasBegun = !isUntouched(record, install) && (phase === "kept" || phase === "applied");
  const putsDataBack = stores.length > 0 && keptAt !== undefined;
  const changedSince = appliedRelease !== undefined && install.applied.release !== appliedRelease;
  return {
    ...{ from, to, loses: hasBegun && (putsDataBack || changedSince) },
    ...(putsDataBack ? { losesSince: keptAt } : {}),
  };
}

/** Whether nothing of the platform is changed yet but that it may be stopped. */
export function isUntouched({ phase, release }: UpgradeRecord, { applied }: Install): boolean {
  return phase === "keeping" || (phase === "kept" && applied.change === undefined && applied.release === release);
}

export interface UpgradeUndoneResult extends ResultHead<"UpgradeUndoneResult">, Pick<OpenUpgrade, "from" | "to"> {
  readonly name: string;
  /** What was written since then, ISO 8601, is gone; absent where no data was put back. */
  readonly lostSince?: string;
  /** Milliseconds that all of it took. */
  readonly ms: number;
}

/**
 * Puts an install back to what it was before its upgrade: data, files, records, programs. Killed at any moment, the same goes on.
 * @param byItself nobody asked for it: an upgrade that is complete stays
 * @throws PreflightError when there is no upgrade to take back, or what it needs is gone; ApplyError, TimeoutError naming what does not come
 * up; LockedError
 */
export async function undoUpgrade(
  request: InstallTarget,
  ports: ActionPorts,
  { byItself = false }: { readonly byItself?: boolean } = {},
): Promise<UpgradeUndoneResult> {
  const begin = ports.clock.monotonicMs();
  const run = ports.random.uuid();
  const release = await acquireRunLock(ports, stateLayout(request.stateDir), run);
  try {
    const install = await openInstall(request, ports.fs);
    const record = await readUpgrade(install, ports.fs);
    if (record?.phase === "forgetting") await forgetUpgrade(install, requireInstalled(install), record, ports);
    if (record === undefined || record.accepted === true || (byItself && record.phase === "applied")) {
      throw new PreflightError(`there is no upgrade of ${install.name} to take back`, {
        hint: "slipway history says what was done",
      });
    }
    const head = { run, command: `rollback to ${record.from}`, version: ports.assets.version };
    return await recordRun(ports, install.layout, head, async (tell) => {
      tell({ changed: [`${record.to} → ${record.from}`] });
      if (isUntouched(record, install)) await startAgain(install, record, ports);
      else if (record.phase !== "forgetting") await putBack(install, record, ports);
      const { from, to, losesSince } = openUpgradeOf(record, install);
      const ms = Math.round(ports.clock.monotonicMs() - begin);
      const result = { apiVersion: "slipway/v1", kind: "UpgradeUndoneResult", name: install.name } as const;
      const lost = isUntouched(record, install) ? undefined : losesSince;
      return { ...result, from, to, ...(lost === undefined ? {} : { lostSince: lost }), ms };
    });
  } finally {
    await release();
  }
}

/**
 * Nothing was changed yet; what was stopped for the copies starts again. The copies go first: they may be what fills the disk, and nothing
 * starts on a full one.
 */
async function startAgain(install: Install, record: UpgradeRecord, ports: ActionPorts): Promise<void> {
  const plan = requireInstalled(install);
  await discardKept(install, plan, ports);
  if (record.stores.length > 0) await touchPlan("start", { install, plan }, ports);
  await ports.fs.remove(install.layout.upgrade);
}

async function putBack(install: Install, record: UpgradeRecord, ports: ActionPorts): Promise<void> {
  const { name, layout } = install;
  const keeper = requireKeeper(ports.target);
  const before = await openInstall({ name, stateDir: layout.kept }, ports.fs);
  const plan = before.plan;
  if (plan === undefined) throw copiesGone(name, [layout.kept]);
  const data = { plan, stores: keptStores(plan, record) };
  const then = { ...before, stateDir: install.stateDir, layout };
  const lacking = await keeper.lacks(then, data);
  if (lacking.length > 0) throw copiesGone(name, lacking);
  await writeUpgrade(install, { ...record, phase: "undoing" }, ports.fs);
  await ports.failpoint("undo:begun");
  const { report } = ports;
  // To its end, whatever is pressed: half of it is worse than all of it.
  const io = { report, signal: new AbortController().signal, redact: (line: string) => line };
  const ids = await keeper.putBack(then, data, io);
  await ports.failpoint("undo:data");
  await putRecordsBack(install, ids, ports.fs);
  await ports.failpoint("undo:records");
  const again = await openInstall(install, ports.fs);
  await touchPlan("start", { install: again, plan }, ports);
  await ports.failpoint("undo:started");
  await forgetUpgrade(again, plan, record, ports);
}

function copiesGone(name: string, lacking: readonly string[]): PreflightError {
  return new PreflightError(`what going back needs is gone: ${lacking.join(", ")}`, {
    hint: `an image comes back with slipway bundle load; without a copy only a backup leads back, and slipway uninstall keeps what ${name} has now. Nothing was changed by this run`,
  });
}

/**
 * Removes every copy; the upgrade can no longer be taken back. That it begins is written down first: a copy of which a part is gone must never
 * be put back. The caller holds the run lock.
 */
export async function forgetUpgrade(
  install: Install,
  plan: Plan,
  record: UpgradeRecord,
  ports: ActionPorts,
): Promise<void> {
  await writeUpgrade(install, { ...record, phase: "forgetting" }, ports.fs);
  await ports.failpoint("upgrade:forgetting");
  await discardKept(install, plan, ports);
  await ports.failpoint("upgrade:discarded");
  await ports.fs.remove(install.layout.upgrade);
}

async function discardKept(install: Install, plan: Plan, ports: ActionPorts): Promise<void> {
  await ports.target.keeper?.discard(install, plan);
  await ports.fs.remove(install.layout.kept);
}

/** The stores of a plan that an upgrade keeps. */
function keptStores(plan: Plan, { stores }: UpgradeRecord): readonly Store[] {
  return storesOf(plan).filter((store) => stores.includes(storeId(store)));
}

/**
 * What makes copies on a target.
 * @throws UsageError where it cannot make any
 */
export function requireKeeper({ keeper, identity }: Pick<Target, "keeper" | "identity">): Keeper {
  if (keeper !== undefined) return keeper;
  throw new UsageError(`on ${identity.kind} no copies of data can be kept to go back to, as an upgrade needs them`, {
    hint: "make a backup, then slipway install with the newer version changes the platform in place; nothing was changed",
  });
}
