import type { BackupEvent, ListedBackup, Proof } from "../../../../toolbox/src/backup/backup-events.ts";
import type { StoreName } from "../../../../toolbox/src/backup/manifest.ts";
import { ApplyError, PreflightError } from "../../errors/installer-error.ts";
import { steps } from "../../events/steps.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import { withStep } from "../../execute/with-step.ts";
import type { Plan } from "../../plan/model.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { alone, type Work } from "../alone.ts";
import { requireNoPushHeld } from "../housekeeping/hold-pushes.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { allBackups, askRecordsJob, eventsIn, requireBackups, runBackupJob } from "./backup-job.ts";
import { chooseBackup } from "./choose-backup.ts";
import { readCredential } from "./credential.ts";
import { holdDeletes } from "./hold-deletes.ts";
import { inventoryOf, type NotCopied } from "./inventory.ts";
import { readPlatformRecords } from "./platform-records.ts";
import { rememberBackup, rememberProof } from "./remembered.ts";

export interface BackupCreateRequest extends InstallTarget {
  /** Leave out the restore to a scratch place. */
  readonly skipProof?: boolean;
}

export interface BackupCreateResult extends ResultHead<"BackupCreateResult"> {
  readonly name: string;
  /** Id of the backup. */
  readonly backup: string;
  /** Bytes that it holds. */
  readonly bytes: number;
  /** Bytes that the repository grew by. */
  readonly addedBytes: number;
  readonly stores: readonly CopiedStore[];
  readonly notCopied: readonly NotCopied[];
  /** Seconds for which deletes had to wait. */
  readonly heldSeconds: number;
  /** Absent where it was left out. */
  readonly proof?: Proof;
  /** Milliseconds that all of it took. */
  readonly ms: number;
}

export interface CopiedStore {
  readonly store: StoreName;
  /** Databases, repositories, objects or streams. */
  readonly items: number;
  /** Their size. */
  readonly bytes: number;
  /** Bytes that were fetched: the rest was there from the backup before. */
  readonly changedBytes: number;
  /** Milliseconds that the copy took. */
  readonly ms: number;
}

export interface BackupListResult extends ResultHead<"BackupListResult"> {
  readonly name: string;
  /** Oldest first. */
  readonly backups: readonly ListedBackup[];
}

export interface BackupVerifyRequest extends InstallTarget {
  /** Read every byte in place of what belongs to what. */
  readonly data?: boolean;
  /** Restore this backup to a scratch place, too: an id, or `latest`. */
  readonly prove?: string;
}

export interface BackupVerifyResult extends ResultHead<"BackupVerifyResult"> {
  readonly name: string;
  readonly ok: boolean;
  /** What is damaged or missing of backups. */
  readonly problems: readonly string[];
  /** Holes in the write-ahead log: moments that cannot be brought back, although every backup is whole. */
  readonly gaps: readonly string[];
  readonly proof?: Proof;
}

export interface BackupPruneRequest extends InstallTarget {
  /** Absolute path of a file with a credential that may remove backups, for this run alone. */
  readonly credentialFile?: string;
}

export interface BackupPruneResult extends ResultHead<"BackupPruneResult"> {
  readonly name: string;
  /** Backups that are still there. */
  readonly kept: number;
  /** Backups that are gone. */
  readonly removed: number;
}

/**
 * Copies all that cannot be made anew, as of one moment, while people work; only deletes wait. Then it is restored to a scratch place, and
 * counts.
 * @throws PreflightError when nothing is installed, without backups, or a store does not serve; ApplyError naming the store; LockedError;
 * InterruptedError, after which nothing waits any more
 */
export async function createBackup(request: BackupCreateRequest, ports: ActionPorts): Promise<BackupCreateResult> {
  return alone(request, { command: "backup create", required: requireBackups }, ports, async (work) => {
    const begun = ports.clock.monotonicMs();
    const notCopied = inventoryOf(work.plan).notCopied;
    for (const { store, reason } of notCopied)
      ports.report({ type: "warning", message: `${store} is not in the backup: ${reason}` });
    const at = ports.clock.now().toISOString();
    const copied = await withStep(ports, steps.backup, () => copyHeld(work, ports));
    await rememberBackup(work.install, { id: copied.backup, at, bytes: copied.bytes }, ports.fs);
    await ports.failpoint("backup:remembered");
    const proof =
      request.skipProof === true
        ? undefined
        : await withStep(ports, steps.prove, () => prove(copied.backup, work, ports));
    return {
      apiVersion: "slipway/v1",
      kind: "BackupCreateResult",
      name: request.name,
      ...copied,
      notCopied,
      ...(proof === undefined ? {} : { proof }),
      ms: Math.round(ports.clock.monotonicMs() - begun),
    };
  });
}

type Copied = Pick<BackupCreateResult, "backup" | "bytes" | "addedBytes" | "stores" | "heldSeconds">;

async function copyHeld({ plan, install, run }: Work, ports: ActionPorts): Promise<Copied> {
  await requireNoPushHeld(plan, install, ports);
  const records = await readPlatformRecords(install, plan, ports.fs);
  await askRecordsJob(plan, install, ["put-records"], { ...ports, input: JSON.stringify(records) });
  const hold = await holdDeletes(plan, install, ports);
  await ports.failpoint("deletes:held");
  let released: Promise<number> | undefined;
  const release = (): Promise<number> => (released ??= hold.release());
  try {
    const onEvent = (event: BackupEvent): void => {
      if (event.event === "released") release().catch(() => undefined);
      tellEvent(event, steps.backup.id, ports);
    };
    const events = await runBackupJob(plan, install, ["create", run], { ...ports, onEvent });
    const stored = events.find((event) => event.event === "stored");
    if (stored === undefined) throw new ApplyError("the backup ended without telling what it stored");
    const stores = events.flatMap((event) => {
      if (event.event !== "copied") return [];
      const { step: store, items, bytes, changedBytes, ms } = event;
      return [{ store, items, bytes, changedBytes, ms }];
    });
    const { id: backup, bytes, addedBytes } = stored;
    const heldSeconds = await release();
    await ports.failpoint("deletes:released");
    return { backup, bytes, addedBytes, stores, heldSeconds };
  } finally {
    await release();
  }
}

async function prove(backup: string, { plan, install }: Work, ports: ActionPorts): Promise<Proof> {
  const onEvent = (event: BackupEvent): void => tellEvent(event, steps.prove.id, ports);
  const events = await runBackupJob(plan, install, ["prove", backup], { ...ports, onEvent });
  const proved = events.find((event) => event.event === "proved");
  if (proved === undefined) throw new ApplyError(`the proof of backup ${backup} ended without a result`);
  await rememberProof(install, proved, ports.fs);
  await ports.failpoint("proof:remembered");
  const { id, at, restoreSeconds, databases, audit } = proved;
  return { id, at, restoreSeconds, databases, ...(audit === undefined ? {} : { audit }) };
}

function tellEvent(event: BackupEvent, step: string, { report }: Pick<ActionPorts, "report">): void {
  if (event.event === "begun") report({ type: "item", step, id: event.step, state: "running" });
  if (event.event === "copied") {
    report({ type: "item", step, id: event.step, state: "done", detail: `${event.items} copied` });
  }
  if (event.event === "stored") report({ type: "item", step, id: "store", state: "done" });
  if (event.event === "proved") report({ type: "item", step, id: "prove", state: "done" });
  if (event.event === "progress" && event.total > 0) {
    const percent = Math.min(100, Math.floor((event.done / event.total) * 100));
    report({ type: "progress", step, id: event.step, percent });
  }
}

/**
 * The backups that are there.
 * @throws PreflightError, ApplyError
 */
export async function listBackups(request: InstallTarget, ports: ActionPorts): Promise<BackupListResult> {
  const install = await openInstall(request, ports.fs);
  const plan = await requireInstalledHere(install, ports);
  requireBackups(plan);
  return {
    apiVersion: "slipway/v1",
    kind: "BackupListResult",
    name: request.name,
    backups: await backupsOf(plan, install, ports),
  };
}

async function backupsOf(plan: Plan, install: Install, ports: ActionPorts): Promise<readonly ListedBackup[]> {
  const all = await allBackups(plan, install, ports);
  // Another platform that was brought back from here keeps its own in the same place.
  return all.filter(({ name }) => name === install.name);
}

/**
 * Looks whether the repository is whole, and restores a backup to a scratch place if asked. What is wrong is in the result.
 * @throws PreflightError for a backup that is not there; ApplyError; LockedError
 */
export async function verifyBackups(request: BackupVerifyRequest, ports: ActionPorts): Promise<BackupVerifyResult> {
  return alone(request, { command: "backup verify", required: requireBackups }, ports, async (work) => {
    const { plan, install } = work;
    const id = request.prove === undefined ? undefined : await requireBackup(request.prove, work, ports);
    const events = await withStep(ports, steps.checkBackups, () =>
      runBackupJob(plan, install, ["check", request.data === true ? "all" : "metadata"], ports),
    );
    const checked = events.filter((event) => event.event === "checked");
    const [problems, gaps] = [checked.flatMap((one) => one.problems), checked.flatMap((one) => one.gaps)];
    const isWhole = problems.length === 0;
    const proof =
      id === undefined || !isWhole ? undefined : await withStep(ports, steps.prove, () => prove(id, work, ports));
    const head = { apiVersion: "slipway/v1", kind: "BackupVerifyResult", name: request.name } as const;
    return { ...head, ok: isWhole && gaps.length === 0, problems, gaps, ...(proof === undefined ? {} : { proof }) };
  });
}

/**
 * The id of a backup that is there.
 * @param asked an id, its beginning, or `latest`
 * @throws PreflightError
 */
export async function requireBackup(asked: string, { plan, install }: Work, ports: ActionPorts): Promise<string> {
  const backups = await backupsOf(plan, install, ports);
  if (backups.length === 0) {
    throw new PreflightError("there is no backup yet", { hint: "slipway backup create makes one" });
  }
  return chooseBackup(backups, { of: install.name, ...(asked === "latest" ? {} : { backup: asked }) }).id;
}

/**
 * Removes backups that need not be kept any more, as the values say.
 * @throws PreflightError, ApplyError, LockedError; UsageError for a file without a credential
 */
export async function pruneBackups(request: BackupPruneRequest, ports: ActionPorts): Promise<BackupPruneResult> {
  const { credentialFile, name } = request;
  const input = credentialFile === undefined ? undefined : await readCredential(credentialFile, ports.fs);
  return alone(request, { command: "backup prune", required: requireBackups }, ports, async ({ plan, install }) => {
    const events =
      input === undefined
        ? await runBackupJob(plan, install, ["prune"], ports)
        : eventsIn(await askRecordsJob(plan, install, ["prune-with"], { ...ports, input }));
    const forgotten = events.find((event) => event.event === "forgotten");
    const { kept = 0, removed = 0 } = forgotten ?? {};
    return { apiVersion: "slipway/v1", kind: "BackupPruneResult", name, kept, removed };
  });
}
