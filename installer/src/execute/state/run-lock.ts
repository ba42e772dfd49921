import { LockedError } from "../../errors/installer-error.ts";
import type { Clock, Host, LockHolder, Locks, ProcessInfo } from "../../platform/ports.ts";

export interface LockPorts {
  readonly locks: Locks;
  readonly host: Host;
  readonly clock: Clock;
  readonly process: ProcessInfo;
}

/**
 * Takes the lock of an install, or says at once who has it.
 * @throws LockedError naming the holder
 */
export async function acquireRunLock(ports: LockPorts, path: string, run: string): Promise<() => Promise<void>> {
  const attempt = await ports.locks.tryAcquire(path, {
    pid: ports.process.pid,
    bootId: await ports.host.bootId(),
    startedAt: ports.clock.now().toISOString(),
    command: ports.process.command,
    run,
  });
  if (attempt.held) return attempt.release;
  throw new LockedError(`another run is at work: ${describeHolder(attempt.holder)}`, {
    hint: "wait for it to end, or end it; nothing was changed by this run",
  });
}

function describeHolder(holder: LockHolder | undefined): string {
  if (holder === undefined) return "it has only just begun";
  return `process ${holder.pid}, since ${holder.startedAt}, command "${holder.command}"`;
}
