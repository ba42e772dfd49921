import { LockedError } from "../../errors/installer-error.ts";
import type { Report } from "../../events/event.ts";
import type { Clock, FileSystem, Host, LockAttempt, LockHolder, Locks, ProcessInfo } from "../../platform/ports.ts";
import type { StateLayout } from "./layout.ts";
import type { SharedLock, SharedRecords } from "./shared-records.ts";
import { removeTemporaries } from "./temporaries.ts";

export interface LockPorts {
  readonly fs: Pick<FileSystem, "exists" | "list" | "remove">;
  readonly locks: Locks;
  readonly host: Pick<Host, "bootId">;
  readonly clock: Pick<Clock, "now">;
  readonly process: ProcessInfo;
  readonly report: Report;
  /** Where the install runs. */
  readonly target: { readonly records?: SharedRecords | undefined };
}

/**
 * Takes the lock of an install, or says at once who has it; what a killed run left half-written is cleared away. Records that are shared
 * between machines are locked there, too, and the directory is brought up to date with them; on release they get what is in it.
 * @throws LockedError naming the holder; what `SharedRecords.news` throws
 */
export async function acquireRunLock(ports: LockPorts, layout: StateLayout, run: string): Promise<() => Promise<void>> {
  const holder = await describeSelf(ports, run);
  const held = await lockDirectory(ports, layout, holder);
  try {
    await removeTemporaries(ports.fs, layout);
    const { records } = ports.target;
    if (records === undefined) return held.release;
    return await shareLock(records, ports, layout, { held, holder });
  } catch (error) {
    await held.release();
    throw error;
  }
}

type HeldLock = Extract<LockAttempt, { readonly held: true }>;

async function lockDirectory(
  { locks }: Pick<LockPorts, "locks">,
  { runLock }: StateLayout,
  holder: LockHolder,
): Promise<HeldLock> {
  const attempt = await locks.tryAcquire(runLock, holder);
  if (attempt.held) return attempt;
  throw new LockedError(`another run is at work: ${describeHolder(attempt.holder)}`, {
    hint: "wait for it to end, or end it; nothing was changed by this run",
  });
}

/** Who asks for a lock, as its holder is told. */
export async function describeSelf(
  ports: Pick<LockPorts, "host" | "clock" | "process">,
  run: string,
): Promise<LockHolder> {
  const { pid, owner, command } = ports.process;
  return { pid, owner, bootId: await ports.host.bootId(), startedAt: ports.clock.now().toISOString(), command, run };
}

async function shareLock(
  records: SharedRecords,
  ports: LockPorts,
  layout: StateLayout,
  { held, holder }: { readonly held: HeldLock; readonly holder: LockHolder },
): Promise<() => Promise<void>> {
  const shared = await records.lock(holder, held.previous);
  try {
    // Another run may have ended between the last look and the lock.
    await (await records.news(layout))?.();
  } catch (error) {
    await shared.release().catch(() => undefined);
    throw error;
  }
  return async () => {
    try {
      await shareResult(records, ports, layout, holder.run);
      await releaseShared(shared, records, ports);
    } finally {
      await held.release();
    }
  };
}

/** What the run did is done, or failed for a reason of its own, whatever becomes of its records. */
async function shareResult(records: SharedRecords, ports: LockPorts, layout: StateLayout, run: string): Promise<void> {
  await records.push(layout, run).catch((error: unknown) =>
    ports.report({
      type: "warning",
      message: `what this run recorded is in ${layout.root} and not yet in the ${records.place}: ${reasonOf(error)}`,
      hint: "the next run from here puts it there",
    }),
  );
}

async function releaseShared(shared: SharedLock, records: SharedRecords, { report }: LockPorts): Promise<void> {
  await shared.release().catch((error: unknown) =>
    report({
      type: "warning",
      message: `the lock of the install in the ${records.place} could not be given back: ${reasonOf(error)}`,
      hint: "it ends by itself within a minute",
    }),
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function describeHolder(holder: LockHolder | undefined): string {
  if (holder === undefined) return "it has only just begun";
  return `process ${holder.pid}, since ${holder.startedAt}, command "${holder.command}"`;
}
