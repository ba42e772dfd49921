import type { Proof } from "../../../../toolbox/src/backup/backup-events.ts";
import type { Install } from "../../execute/state/install.ts";
import { findJob } from "../../plan/find-in-plan.ts";
import { backupJobs } from "../../plan/components/backup.ts";
import type { Plan } from "../../plan/model.ts";
import type { FileSystem } from "../../platform/ports.ts";
import type { WalStanding } from "./wal-standing.ts";

/** What is known of backups without opening their repository. */
export interface RememberedBackups {
  readonly last?: RememberedBackup;
  readonly proof?: Pick<Proof, "id" | "at" | "restoreSeconds">;
  readonly drill?: RememberedDrill;
}

export interface RememberedBackup {
  readonly id: string;
  readonly at: string;
  /** Bytes that it holds; absent where an older version of Slipway made it. */
  readonly bytes?: number;
}

export interface RememberedDrill {
  /** Id of the backup. */
  readonly backup: string;
  readonly at: string;
  /** Connections that were proved. */
  readonly wires: number;
  /** Milliseconds from nothing to a platform whose every connection is proved. */
  readonly ms: number;
}

/** What `status` says of backups: measured, never assumed. */
export interface BackupState extends RememberedBackups {
  /** Seconds of work that would be lost now; absent before the first backup. */
  readonly lossSeconds?: number;
  /** There is none, or the newest is older than a day. */
  readonly late: boolean;
  /** What is stored between backups; absent where the write-ahead log is not archived. */
  readonly wal?: WalStanding;
}

/** After which a backup, its proof and a drill are too old; alert rules and `doctor` say so alike. */
export const backupDeadlines = {
  /** A day, and two hours for one that takes longer than the day before. */
  lateSeconds: 26 * 3600,
  /** A week, and a day. */
  proofDays: 8,
  /** The longest month, and four days. */
  drillDays: 35,
} as const;

type Files = Pick<FileSystem, "readTextIfPresent" | "writeAtomic">;

/** Notes that a backup was made. */
export async function rememberBackup(install: Install, last: RememberedBackup, fs: Files): Promise<void> {
  await remember(install, { last }, fs);
}

/** Notes that one was restored to a scratch place. */
export async function rememberProof(install: Install, { id, at, restoreSeconds }: Proof, fs: Files): Promise<void> {
  await remember(install, { proof: { id, at, restoreSeconds } }, fs);
}

/** Notes that a whole platform was brought up from one. */
export async function rememberDrill(
  install: Install,
  drill: RememberedDrill,
  { fs }: { readonly fs: Files },
): Promise<void> {
  await remember(install, { drill }, fs);
}

async function remember(install: Install, news: RememberedBackups, fs: Files): Promise<void> {
  const known = await readRemembered(install, fs);
  await fs.writeAtomic(install.layout.backups, `${JSON.stringify({ ...known, ...news })}\n`, { mode: 0o600 });
}

async function readRemembered(install: Install, fs: Pick<Files, "readTextIfPresent">): Promise<RememberedBackups> {
  const text = await fs.readTextIfPresent(install.layout.backups);
  return text === undefined ? {} : (JSON.parse(text) as RememberedBackups);
}

/** How the backups of a platform stand; undefined where it makes none. */
export async function backupState(
  install: Install,
  plan: Plan | undefined,
  now: Date,
  fs: Pick<Files, "readTextIfPresent">,
): Promise<BackupState | undefined> {
  if (plan === undefined || findJob(plan, backupJobs.work) === undefined) return undefined;
  const known = await readRemembered(install, fs);
  if (known.last === undefined) return { ...known, late: true };
  const lossSeconds = Math.max(0, Math.round((now.getTime() - Date.parse(known.last.at)) / 1000));
  return { ...known, lossSeconds, late: lossSeconds > backupDeadlines.lateSeconds };
}
