import { InterruptedError } from "../../errors/installer-error.ts";
import { readRuns, type RecordedRun } from "../../execute/history/run-history.ts";
import { type Install, openInstall, requireInstalled } from "../../execute/state/install.ts";
import { PreflightError } from "../../errors/installer-error.ts";
import type { Plan } from "../../plan/model.ts";
import type { FileSystem } from "../../platform/ports.ts";
import { type BackupState, backupState } from "../backup/remembered.ts";
import { type TimedJob, backupJobs, unitOf } from "../timers/timer-files.ts";
import type { ActionPorts, InstallTarget } from "../context.ts";
import { type InstallLook, lookAtInstall, type StatusPorts } from "../status/status.ts";
import { type CertificateEnd, certificateEnds } from "./certificate-ends.ts";

/** What is known of an install at one moment. */
export interface Look {
  readonly name: string;
  /** When it was made. */
  readonly at: Date;
  /** Seconds that it took. */
  readonly seconds: number;
  /** Version of this program. */
  readonly version: string;
  readonly records: KnownRecords;
  /** Absent where the platform could not be looked at. */
  readonly live?: InstallLook;
}

/** What is known without asking what the platform runs on. */
export interface KnownRecords {
  readonly install: Install;
  readonly plan: Plan;
  /** What was done, oldest first. */
  readonly runs: readonly RecordedRun[];
  /** Absent where no backups are made. */
  readonly backup?: BackupState;
  /** Work on backups that this machine does by the clock. */
  readonly timers: readonly Timer[];
  readonly certificates: readonly CertificateEnd[];
}

export interface Timer {
  readonly job: TimedJob;
  /** When it was set up, in milliseconds since 1970. */
  readonly sinceMs: number;
}

export interface LookPorts extends Pick<ActionPorts, "clock"> {
  readonly fs: Pick<FileSystem, "readTextIfPresent" | "stat">;
  /** Version of this program. */
  readonly version: string;
  /** What the platform runs on; may fail, as every look may. */
  readonly openTarget: (install: InstallTarget) => Promise<StatusPorts>;
}

/** How a look at what runs ended: with what was seen, or with why nothing was. */
export type LiveLook = { readonly seen: InstallLook } | { readonly problem: string };

/**
 * Looks at what runs. That it cannot be looked at is an answer, too.
 * @throws InterruptedError at Ctrl-C
 */
export async function lookLive(target: InstallTarget, { openTarget }: LookPorts): Promise<LiveLook> {
  try {
    return { seen: await lookAtInstall(target, await openTarget(target)) };
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * What the records of an install say.
 * @throws PreflightError when nothing is installed, or a record is damaged
 */
export async function readRecords(target: InstallTarget, { fs, clock }: LookPorts): Promise<KnownRecords> {
  const install = await openInstall(target, fs);
  const plan = requireInstalled(install);
  const [runs, backup, timers, certificates] = await Promise.all([
    readRuns(fs, install.layout.history),
    backupState(install, plan, clock.now(), fs),
    findTimers(target, fs),
    certificateEnds(install, plan, fs),
  ]);
  return { install, plan, runs, ...(backup === undefined ? {} : { backup }), timers, certificates };
}

/**
 * Puts both together.
 * @param begunMs when the look began, by the clock that only moves forward
 * @throws PreflightError when nothing is installed, or its records lie somewhere else
 */
export async function completeLook(
  target: InstallTarget,
  live: LiveLook,
  begunMs: number,
  ports: LookPorts,
): Promise<Look> {
  const seen = "seen" in live ? live.seen : undefined;
  const elsewhere = seen?.status.elsewhere;
  if (elsewhere !== undefined) throw new PreflightError(elsewhere.message, { hint: elsewhere.hint });
  const records = await readRecords(target, ports);
  const { clock, version } = ports;
  const seconds = (clock.monotonicMs() - begunMs) / 1000;
  const look = { name: target.name, at: clock.now(), seconds, version, records };
  return seen === undefined ? look : { ...look, live: seen };
}

/** A machine without systemd has none. */
async function findTimers({ name }: InstallTarget, fs: Pick<FileSystem, "stat">): Promise<readonly Timer[]> {
  const found = await Promise.all(
    backupJobs.map(async (job) => ({ job, sinceMs: (await fs.stat(`${unitOf(name, job)}.timer`))?.modifiedMs })),
  );
  return found.flatMap(({ job, sinceMs }) => (sinceMs === undefined ? [] : [{ job, sinceMs }]));
}
