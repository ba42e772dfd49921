import { join } from "node:path";
import type { BackupEvent, ListedBackup } from "../../../../toolbox/src/backup/backup-events.ts";
import { ApplyError, PreflightError } from "../../errors/installer-error.ts";
import type { Install } from "../../execute/state/install.ts";
import { backupJobs, backupWords } from "../../plan/components/backup.ts";
import { findJob } from "../../plan/find-in-plan.ts";
import type { Job, Plan } from "../../plan/model.ts";
import type { ActionPorts } from "../context.ts";

export type BackupPorts = Pick<ActionPorts, "target" | "fs" | "report" | "signal" | "failpoint">;

/**
 * Sees to it that a plan has what backups need.
 * @throws PreflightError when it was installed without
 */
export function requireBackups(plan: Plan): void {
  if (findJob(plan, backupJobs.work) !== undefined) return;
  throw new PreflightError("this platform was installed without backups", {
    hint: "slipway install --set backup.mode=embedded --set backup.directory=/mnt/backup adds them; best the mount of another machine's disk. On a cluster backup.claim takes the directory's place",
  });
}

/**
 * Has the job that may only read, or the one that is named, do one thing, and hands on what it tells as it tells it.
 * @throws ApplyError with what it said when it failed
 */
export async function runBackupJob(
  plan: Plan,
  install: Install,
  words: readonly string[],
  ports: BackupPorts & { readonly onEvent?: (event: BackupEvent) => void; readonly job?: string },
): Promise<readonly BackupEvent[]> {
  const job = jobOf(plan, ports.job ?? backupJobs.work);
  const events: BackupEvent[] = [];
  const other: string[] = [];
  const onLine = (line: string): void => {
    const event = parseEvent(line);
    if (event === undefined) {
      other.push(line);
      return;
    }
    events.push(event);
    // A job has no records of its own: what it tells stands for its steps.
    if (event.event !== "progress") void ports.failpoint(pointOf(words, event));
    ports.onEvent?.(event);
  };
  await ports.failpoint(`before:${words[0] ?? ""}`);
  const run = {
    id: job.id,
    title: job.title,
    limitSeconds: job.deadlineSeconds,
    arguments: [...backupWords, ...words],
    onLine,
  };
  const { report, signal } = ports;
  // What the toolbox writes has no secrets in it any more.
  const status = await ports.target.runJob(install, run, { report, signal, redact: (line) => line });
  if (status !== 0) throw failed(events, other, status);
  await ports.failpoint(`after:${words[0] ?? ""}`);
  return events;
}

function pointOf([word = ""]: readonly string[], event: BackupEvent): string {
  return ["told", word, event.event, ...("step" in event ? [event.step] : [])].join(":");
}

/**
 * Hands text over to the job that keeps what it is told to itself, and gives back what that answers. Both stand in files meanwhile that
 * this user alone may read, and that are gone afterwards.
 * @throws ApplyError when it failed; it has said why
 */
export async function askRecordsJob(
  plan: Plan,
  install: Install,
  words: readonly string[],
  ports: Pick<BackupPorts, "target" | "fs" | "failpoint"> & { readonly input?: string },
): Promise<string> {
  const { target, fs, failpoint, input = "" } = ports;
  const job = jobOf(plan, backupJobs.records);
  const folder = install.layout.handingOver;
  await fs.remove(folder);
  await fs.makeDirectory(folder, 0o700);
  const files = { input: join(folder, "in"), output: join(folder, "out") };
  try {
    await fs.writeAtomic(files.input, input, { mode: 0o600, flush: false });
    await failpoint(`before:${words[0] ?? ""}`);
    const status = await target.openConsole(install, { job: job.id, args: words, ...files });
    await failpoint(`after:${words[0] ?? ""}`);
    const answer = (await fs.readTextIfPresent(files.output)) ?? "";
    if (status !== 0) throw failed(eventsIn(answer), [], status);
    return answer;
  } finally {
    await fs.remove(folder);
  }
}

/**
 * Every backup in the repository, oldest first, whichever platform it is of.
 * @throws ApplyError
 */
export async function allBackups(plan: Plan, install: Install, ports: BackupPorts): Promise<readonly ListedBackup[]> {
  const events = await runBackupJob(plan, install, ["list"], ports);
  return events.flatMap((event) => (event.event === "snapshot" ? [event.snapshot] : []));
}

function jobOf(plan: Plan, id: string): Job {
  requireBackups(plan);
  const job = findJob(plan, id);
  if (job === undefined)
    throw new PreflightError(`this platform has no job ${id}`, { hint: "slipway install adds it" });
  return job;
}

function failed(events: readonly BackupEvent[], other: readonly string[], status: number): ApplyError {
  const told = events.findLast((event) => event.event === "failed");
  const done = events.flatMap((event) => (event.event === "copied" ? [`copied already: ${event.step}`] : []));
  if (told === undefined) {
    return new ApplyError(`the job of backups failed with exit status ${status}`, { details: other.slice(-30) });
  }
  return new ApplyError(told.error, { hint: told.cause, details: done });
}

/** What a job told in text that it answered with. */
export function eventsIn(text: string): readonly BackupEvent[] {
  return text.split("\n").flatMap((line) => parseEvent(line) ?? []);
}

function parseEvent(line: string): BackupEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const parsed = JSON.parse(line) as Partial<BackupEvent>;
    return typeof parsed.event === "string" ? (parsed as BackupEvent) : undefined;
  } catch {
    return undefined;
  }
}
