import { InstallerError, InterruptedError } from "../../errors/installer-error.ts";
import { type Install, openInstall, requireInstalled } from "../../execute/state/install.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import type { Plan } from "../../plan/model.ts";
import { storeId } from "../../render/rendering.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { type Desired, loadDesired } from "../desired/desired.ts";
import type { InstallRequest, InstallResult } from "../install/install-request.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { requireWires, verifyPlan, type VerifyResult } from "../verify/verify.ts";
import { type CutFacts, makeCut } from "./cut.ts";
import { requireGoingOn, requireReady } from "./may-upgrade.ts";
import { requireOneStep } from "./release-path.ts";
import { storesToKeep } from "./stores-to-keep.ts";
import { forgetUpgrade, isUntouched, requireKeeper, undoUpgrade } from "./undo-upgrade.ts";
import { onOrBack, readUpgrade, type UpgradeRecord, writeUpgrade } from "./upgrade-record.ts";

export interface UpgradeRequest
  extends InstallTarget,
    Pick<
      InstallRequest,
      | "values"
      | "dryRun"
      | "timeoutSeconds"
      | "jobs"
      | "bundle"
      | "registry"
      | "pushCacheDir"
      | "registryOptions"
      | "offline"
      | "cacheDir"
    > {
  /** Do not bring the newest backup up with the newer version first. */
  readonly withoutRehearsal?: boolean;
  /** Go on though there is no backup that is younger than a day, where backups are made at all. */
  readonly withoutBackup?: boolean;
}

export interface UpgradeResult
  extends ResultHead<"UpgradeResult">,
    Pick<InstallResult, "name" | "changed" | "dryRun" | "changes" | "urls" | "verify" | "logFile"> {
  /** Versions of Slipway: before, and that of this program. */
  readonly from: string;
  readonly to: string;
  /** What is kept to go back to; absent where the version was installed already. */
  readonly kept?: {
    /** By `component/volume`. */
    readonly stores: readonly string[];
    /** Bytes that their data takes; absent of an upgrade that a run before this one began. */
    readonly bytes?: number;
    /** ISO 8601; absent of a dry run. */
    readonly at?: string;
  };
  /** Milliseconds from nothing to the newest backup brought up and proved with the newer version; absent where that was not done. */
  readonly rehearsedMs?: number;
  /** Number of the revision that is in effect now; 0 of a dry run. */
  readonly revision: number;
  /** Milliseconds that all of it took. */
  readonly ms: number;
}

/** Installs with the values and images of a request. */
export type RunInstall = (request: InstallRequest, ports: ActionPorts) => Promise<InstallResult>;

/**
 * Takes a platform to the version of this program. What is there is kept first; where the newer version does not come up, or a connection
 * cannot be proved, it is put back by itself, data and all. Killed at any moment, the same request goes on.
 * @throws PreflightError where it may not be done, before anything is changed; what the install throws, once what was before is back;
 * InterruptedError after Ctrl-C
 */
export async function upgrade(request: UpgradeRequest, ports: ActionPorts, run: RunInstall): Promise<UpgradeResult> {
  const begin = ports.clock.monotonicMs();
  const install = await openInstall(request, ports.fs);
  const plan = await requireInstalledHere(install, ports);
  const earlier = await openEarlier(install, ports);
  const { version } = ports.assets;
  requireGoingOn(earlier, install.name, version);
  const from = earlier?.from ?? plan.install.version;
  requireOneStep(from, version);
  const head = { apiVersion: "slipway/v1", kind: "UpgradeResult", name: install.name, from, to: version } as const;
  const took = () => Math.round(ports.clock.monotonicMs() - begin);
  if (from === version) {
    const nothing = { changed: false, dryRun: request.dryRun === true, changes: [], urls: [] };
    return { ...head, ...nothing, revision: install.applied.release, ms: took() };
  }
  requireKeeper(ports.target);
  if (earlier === undefined) await requireReady(request, { install, plan }, ports);
  const { name, stateDir, withoutRehearsal = false } = request;
  const reached: Reached = {};
  const beforeChange = async ({ plan: after }: Pick<Desired, "plan">): Promise<void> => {
    reached.cut = "begun";
    reached.cut = await makeCut({ name, stateDir, from, to: version, withoutRehearsal }, after, ports);
  };
  const done = await backOnFailure(request, reached, ports, () =>
    run({ ...request, command: `upgrade ${from} to ${version}`, beforeChange }, ports),
  );
  const { dryRun, changes, urls, logFile, changed, release } = done;
  const ended = dryRun
    ? { kept: await wouldKeep(request, plan, ports), verify: undefined }
    : await complete(request, done.verify, ports);
  const { bytes, rehearsedMs } = typeof reached.cut === "object" ? reached.cut : {};
  return {
    ...head,
    ...{ dryRun, changed, changes, urls, revision: release, ms: took() },
    ...(ended.kept === undefined ? {} : { kept: { ...ended.kept, ...(bytes === undefined ? {} : { bytes }) } }),
    ...(rehearsedMs === undefined ? {} : { rehearsedMs }),
    ...(ended.verify === undefined ? {} : { verify: ended.verify }),
    ...(logFile === undefined ? {} : { logFile }),
  };
}

/** What became of an upgrade, or would. */
interface Ended {
  readonly kept: UpgradeResult["kept"] | undefined;
  readonly verify: VerifyResult | undefined;
}

/** How far a run came: `begun` once it may stop what runs. */
interface Reached {
  cut?: "begun" | CutFacts;
}

/** What an earlier run left; one that was only removing copies is completed. */
async function openEarlier(install: Install, ports: ActionPorts): Promise<UpgradeRecord | undefined> {
  const record = await readUpgrade(install, ports.fs);
  if (record?.phase !== "forgetting") return record;
  const release = await acquireRunLock(ports, install.layout, ports.random.uuid());
  try {
    await forgetUpgrade(install, requireInstalled(install), record, ports);
    return undefined;
  } finally {
    await release();
  }
}

/**
 * Marks that the newer version runs and was proved; where an earlier run was stopped before that, it is proved now.
 * @throws WireError
 */
async function complete(request: InstallTarget, proved: VerifyResult | undefined, ports: ActionPorts): Promise<Ended> {
  const release = await acquireRunLock(ports, stateLayout(request.stateDir), ports.random.uuid());
  try {
    const install = await openInstall(request, ports.fs);
    const record = await readUpgrade(install, ports.fs);
    // Where the newer version makes the same platform of the values, there was nothing to keep.
    if (record?.phase !== "kept") return { kept: undefined, verify: proved };
    const verify = proved ?? (await verifyPlan(requireInstalled(install), install, { name: request.name }, ports));
    requireWires(verify);
    await writeUpgrade(install, { ...record, phase: "applied", appliedRelease: install.applied.release }, ports.fs);
    const { stores, keptAt } = record;
    return { verify, kept: { stores, ...(keptAt === undefined ? {} : { at: keptAt }) } };
  } finally {
    await release();
  }
}

/** What an upgrade would keep; with a bundle its images are not at hand yet, and only the run itself tells. */
async function wouldKeep(request: UpgradeRequest, plan: Plan, ports: ActionPorts): Promise<Ended["kept"]> {
  if (request.bundle !== undefined) return undefined;
  const install = await openInstall(request, ports.fs);
  const stores = storesToKeep(plan, (await loadDesired(request, ports)).plan);
  if (stores.length === 0) return { stores: [], bytes: 0 };
  const { bytes } = await requireKeeper(ports.target).measure(install, { plan, stores });
  return { stores: stores.map(storeId), bytes };
}

/**
 * Goes back by itself where the newer version does not come up or cannot be proved, and tells so with the reason. What a person stops is left as it
 * is once it is changed, and so is what an earlier run changed: people may have worked with it since.
 */
async function backOnFailure<T>(
  request: InstallTarget,
  reached: Reached,
  ports: ActionPorts,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const install = await openInstall(request, ports.fs);
    const record = await readUpgrade(install, ports.fs);
    if (record === undefined || record.phase === "applied") throw error;
    const isStopped = ports.signal.aborted || error instanceof InterruptedError;
    const isOurs = typeof reached.cut === "object" && reached.cut.bytes !== undefined;
    const untouched = isUntouched(record, install);
    if (reached.cut === undefined || (!untouched && (isStopped || !isOurs))) throw withHint(error, onOrBack);
    if (!isStopped) {
      ports.report({ type: "warning", message: `the upgrade to ${record.to} failed; going back to ${record.from}` });
    }
    throw await backAfter(error, request, record, ports);
  }
}

/** The error with what became of the platform. */
async function backAfter(
  error: unknown,
  request: InstallTarget,
  { from }: UpgradeRecord,
  ports: ActionPorts,
): Promise<unknown> {
  try {
    // Whatever is pressed: nothing is left stopped.
    const { lostSince } = await undoUpgrade(
      request,
      { ...ports, signal: new AbortController().signal },
      { byItself: true },
    );
    const since = lostSince === undefined ? "" : `, with its data as of ${lostSince}`;
    return withHint(error, `${request.name} is back at ${from}${since}; find out why it failed, then upgrade again`);
  } catch (another) {
    const why = another instanceof Error ? another.message : String(another);
    return withHint(error, `going back to ${from} failed, too (${why}): slipway rollback goes on with it`);
  }
}

/** The same error, of the same code, with what was done about it. */
function withHint(error: unknown, hint: string): unknown {
  if (!(error instanceof InstallerError)) return error;
  const { code, message, details, output } = error;
  const before = error.hint === undefined ? [] : [error.hint];
  return new InstallerError(code, message, { details: [...details, ...before], output, hint, cause: error });
}
