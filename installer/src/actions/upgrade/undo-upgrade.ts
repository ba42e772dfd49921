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
  /** Whether it was complete: from then on people may have written what going back loses. */
  readonly complete: boolean;
  /** What was written since then, ISO 8601, is lost by going back; absent where no data is put back. */
  readonly losesSince?: string;
}

/** The upgrade of an install that going back would take back; undefined where there is none. Throws as `readUpgrade`. */
export async function findUpgrade(
  request: InstallTarget,
  { fs }: Pick<ActionPorts, "fs">,
): Promise<OpenUpgrade | undefined> {
  const record = await readUpgrade({ layout: stateLayout(request.stateDir) }, fs);
  return record && openUpgradeOf(record);
}

function openUpgradeOf({ from, to, phase, stores, keptAt }: UpgradeRecord): OpenUpgrade {
  const loses = stores.length > 0 && keptAt !== undefined;
  return { from, to, complete: phase === "applied", ...(loses ? { losesSince: keptAt } : {}) };
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
 * @throws PreflightError when there is no upgrade to take back; ApplyError, TimeoutError naming what does not come up; LockedError
 */
export async function undoUpgrade(request: InstallTarget, ports: ActionPorts): Promise<UpgradeUndoneResult> {
  const begin = ports.clock.monotonicMs();
  const install = await openInstall(request, ports.fs);
  const run = ports.random.uuid();
  const release = await acquireRunLock(ports, install.layout, run);
  try {
    const record = await readUpgrade(install, ports.fs);
    if (record === undefined) {
      throw new PreflightError(`there is no upgrade of ${install.name} to take back`, {
        hint: "slipway history says what was done",
      });
    }
    const head = { run, command: `rollback to ${record.from}`, version: ports.assets.version };
    return await recordRun(ports, install.layout, head, async (tell) => {
      tell({ changed: [`${record.to} → ${record.from}`] });
      if (record.phase === "keeping") await startAgain(install, record, ports);
      else await putBack(install, record, ports);
      const { from, to, losesSince } = openUpgradeOf(record);
      const ms = Math.round(ports.clock.monotonicMs() - begin);
      const head = { apiVersion: "slipway/v1", kind: "UpgradeUndoneResult", name: install.name } as const;
      return { ...head, from, to, ...(losesSince === undefined ? {} : { lostSince: losesSince }), ms };
    });
  } finally {
    await release();
  }
}

/** Nothing was changed yet; what was stopped for the copies starts again. */
async function startAgain(install: Install, { stores }: UpgradeRecord, ports: ActionPorts): Promise<void> {
  const plan = requireInstalled(install);
  if (stores.length > 0) await touchPlan("start", { install, plan }, ports);
  await forgetUpgrade(install, plan, ports);
}

async function putBack(install: Install, record: UpgradeRecord, ports: ActionPorts): Promise<void> {
  const { name, layout } = install;
  const keeper = requireKeeper(ports.target);
  const before = await openInstall({ name, stateDir: layout.kept }, ports.fs);
  const plan = requireInstalled(before);
  await writeUpgrade(install, { ...record, phase: "undoing" }, ports.fs);
  await ports.failpoint("undo:begun");
  const { report } = ports;
  // To its end, whatever is pressed: half of it is worse than all of it.
  const io = { report, signal: new AbortController().signal, redact: (line: string) => line };
  const then = { ...before, stateDir: install.stateDir, layout };
  const ids = await keeper.putBack(then, { plan, stores: keptStores(plan, record) }, io);
  await ports.failpoint("undo:data");
  await putRecordsBack(install, ids, ports.fs);
  await ports.failpoint("undo:records");
  const again = await openInstall(install, ports.fs);
  await touchPlan("start", { install: again, plan }, ports);
  await ports.failpoint("undo:started");
  await forgetUpgrade(again, plan, ports);
}

/** Removes every copy; the upgrade can no longer be taken back. The caller holds the run lock. */
export async function forgetUpgrade(install: Install, plan: Plan, ports: ActionPorts): Promise<void> {
  await ports.target.keeper?.discard(install, plan);
  await ports.fs.remove(install.layout.kept);
  await ports.fs.remove(install.layout.upgrade);
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
