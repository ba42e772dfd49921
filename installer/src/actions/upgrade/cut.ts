import { ApplyError, PreflightError } from "../../errors/installer-error.ts";
import { steps } from "../../events/steps.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import { type Install, openInstall, requireInstalled } from "../../execute/state/install.ts";
import { withStep } from "../../execute/with-step.ts";
import { formatBytes, formatBytesNeeded } from "../../oci/format-bytes.ts";
import type { Plan } from "../../plan/model.ts";
import { type Store, storeId } from "../../render/rendering.ts";
import { drillBackups } from "../backup/drill.ts";
import { backupState } from "../backup/remembered.ts";
import type { ActionPorts, InstallTarget } from "../context.ts";
import { touchPlan } from "../lifecycle/lifecycle.ts";
import { keepRecords } from "./kept-records.ts";
import { dataElsewhere, movedStores, storesToKeep } from "./stores-to-keep.ts";
import { requireKeeper } from "./undo-upgrade.ts";
import { readUpgrade, type UpgradeRecord, writeUpgrade } from "./upgrade-record.ts";

export interface CutRequest extends InstallTarget {
  /** Versions of Slipway. */
  readonly from: string;
  readonly to: string;
  /** Do not bring the newest backup up with the newer version first. */
  readonly withoutRehearsal: boolean;
}

/** What was found out and done on the way. */
export interface CutFacts {
  /** Bytes that the data takes; absent where an earlier run kept it. */
  readonly bytes?: number;
  /** Milliseconds that the rehearsal took; absent where there was none. */
  readonly rehearsedMs?: number;
}

/**
 * Rehearses, then stops what must not write and keeps everything as it is at that moment. What an earlier run kept stays: it is from before
 * anything was changed. The caller holds the run lock.
 * @throws PreflightError where there is no room; what a drill throws; ApplyError when a store cannot be copied
 */
export async function makeCut(request: CutRequest, after: Plan, ports: ActionPorts): Promise<CutFacts> {
  const { name, stateDir, from, to } = request;
  const install = await openInstall({ name, stateDir }, ports.fs);
  const earlier = await readUpgrade(install, ports.fs);
  if (earlier !== undefined && earlier.phase !== "keeping") {
    const kept = await openInstall({ name, stateDir: install.layout.kept }, ports.fs);
    requireSameStores(earlier, storesToKeep(requireInstalled(kept), after));
    return {};
  }
  const before = requireInstalled(install);
  const stores = storesToKeep(before, after);
  requireNoneMoved(before, after);
  const bytes = await requireRoom(install, before, stores, ports);
  const rehearsedMs = request.withoutRehearsal ? undefined : await rehearse(install, before, ports);
  throwIfInterrupted(ports.signal, "anything was stopped");
  const { release } = install.applied;
  const record: UpgradeRecord = { v: 1, phase: "keeping", from, to, release, stores: stores.map(storeId) };
  await writeUpgrade(install, record, ports.fs);
  await ports.failpoint("upgrade:keeping");
  if (stores.length > 0) await stopAll(install, before, ports);
  await ports.failpoint("upgrade:stopped");
  const keptAt = ports.clock.now().toISOString();
  await keepRecords(install, ports.fs);
  const { report, signal } = ports;
  await requireKeeper(ports.target).keep(install, { plan: before, stores }, { report, signal, redact: (line) => line });
  await ports.failpoint("upgrade:copied");
  await writeUpgrade(install, { ...record, phase: "kept", keptAt }, ports.fs);
  await ports.failpoint("upgrade:kept");
  return { bytes, ...(rehearsedMs === undefined ? {} : { rehearsedMs }) };
}

async function stopAll(install: Install, plan: Plan, ports: ActionPorts): Promise<void> {
  await touchPlan("stop", { install, plan }, ports);
  const components = plan.components.map(({ id }) => id);
  const { services } = await ports.target.observe(install, { components, images: [] });
  const running = [...services.values()].filter(({ phase }) => phase === "running").map(({ component }) => component);
  if (running.length === 0) return;
  throw new ApplyError(`${running.join(", ")} goes on running, and its data cannot be copied as of one moment`, {
    hint: "find out what starts it again, then upgrade again",
  });
}

/**
 * Sees to it that a run goes on with the change that the one before it began: other values may need more to be kept, which is too late then.
 * @throws PreflightError
 */
function requireSameStores({ stores: kept, from }: UpgradeRecord, stores: readonly Store[]): void {
  const lacking = stores.map(storeId).filter((id) => !kept.includes(id));
  if (kept.length > 0 || lacking.length === 0) return;
  throw new PreflightError(
    `with these values ${lacking.join(", ")} would have to be kept first, and the upgrade has begun without`,
    {
      hint: `go back to ${from} first: slipway rollback; nothing was changed by this run`,
    },
  );
}

/** @throws PreflightError for stores whose directory changes in the same step */
function requireNoneMoved(before: Plan, after: Plan): void {
  const moved = movedStores(before, after);
  if (moved.length === 0) return;
  throw new PreflightError(`${moved.join(", ")} would lie in another directory, which an upgrade cannot take back`, {
    hint: "upgrade first, and change directories afterwards; nothing was changed",
  });
}

/** Bytes that are free beside the copies when they are made: a full disk would stop what runs, too. */
const reserveBytes = 1 << 30;

async function requireRoom(
  install: Install,
  plan: Plan,
  stores: readonly Store[],
  ports: ActionPorts,
): Promise<number> {
  if (stores.length === 0) return 0;
  const { bytes, freeBytes } = await requireKeeper(ports.target).measure(install, { plan, stores });
  if (freeBytes >= bytes + reserveBytes) return bytes;
  throw new PreflightError(
    `a copy of the data takes ${formatBytesNeeded(bytes)}, and ${formatBytes(freeBytes)} are free, of which ${formatBytes(reserveBytes)} are to stay so`,
    { hint: "make room where the data lies; nothing was changed" },
  );
}

/** Brings the newest backup up beside what runs, with the programs of this version, and removes it again. */
async function rehearse(install: Install, before: Plan, ports: ActionPorts): Promise<number | undefined> {
  const elsewhere = dataElsewhere(before);
  if (elsewhere.length > 0) {
    ports.report({
      type: "warning",
      message: `the upgrade is not rehearsed: ${elsewhere.join(", ")} is elsewhere, and a second platform would work on it`,
      hint: "what is kept here comes back by itself where the upgrade fails",
    });
    return undefined;
  }
  const state = await backupState(install, before, ports.clock.now(), ports.fs);
  if (state?.last === undefined) {
    ports.report({
      type: "warning",
      message: "the upgrade is not rehearsed: there is no backup to bring up with the newer version first",
      hint: "docs/backup.md; what is there is kept all the same, and comes back by itself where the upgrade fails",
    });
    return undefined;
  }
  const { ms } = await withStep(ports, steps.rehearse, () => drillBackups(install, ports));
  return ms;
}
