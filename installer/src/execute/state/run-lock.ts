import { LockedError } from "../../errors/installer-error.ts";
import type { StateLayout } from "./layout.ts";
import { removeTemporaries } from "./temporaries.ts";
import type { Clock, FileSystem, Host, LockHolder, Locks, ProcessInfo } from "../../platform/ports.ts";

export interface LockPorts {
  readonly fs: Pick<FileSystem, "exists" | "list" | "remove">;
  readonly locks: Locks;
  readonly host: Host;
  readonly clock: Clock;
  readonly process: ProcessInfo;
}

/**
 * Takes the lock of an install, or says at once who has it; what a killed run left half-written is cleared away.
 * @throws LockedError naming the holder
 */
export async function acquireRunLock(ports: LockPorts, layout: StateLayout, run: string): Promise<() => Promise<void>> {
  const attempt = await ports.locks.tryAcquire(layout.runLock, {
    pid: ports.process.pid,
    bootId: await ports.host.bootId(),
    startedAt: ports.clock.now().toISOString(),
    command: ports.process.command,
    run,
  });
  if (attempt.held) {
    try {
      await removeTemporaries(ports.fs, layout);
    } catch (error) {
      await attempt.release();
      throw error;
    }
    return attempt.release;
  }
  throw new LockedError(`another run is at work: ${describeHolder(attempt.holder)}`, {
    hint: "wait for it to end, or end it; nothing was changed by this run",
  });
}

function describeHolder(holder: LockHolder | undefined): string {
  if (holder === undefined) return "it has only just begun";
  return `process ${holder.pid}, since ${holder.startedAt}, command "${holder.command}"`;
}
