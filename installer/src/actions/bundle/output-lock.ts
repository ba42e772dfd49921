import { LockedError } from "../../errors/installer-error.ts";
import type { ActionPorts } from "../context.ts";

/**
 * Keeps two runs from writing the same bundle at the same time, for as long as the work takes.
 * @throws LockedError naming the run that is at work
 */
export async function withOutputLock<T>(
  output: string,
  ports: Pick<ActionPorts, "locks" | "host" | "process" | "clock" | "fs">,
  work: () => Promise<T>,
): Promise<T> {
  const path = `${output}.partial.lock`;
  const attempt = await ports.locks.tryAcquire(path, {
    pid: ports.process.pid,
    bootId: await ports.host.bootId(),
    startedAt: ports.clock.now().toISOString(),
    command: ports.process.command,
    run: output,
  });
  if (!attempt.held) {
    const { holder } = attempt;
    const who = holder === undefined ? "another run" : `process ${holder.pid}, since ${holder.startedAt},`;
    throw new LockedError(`${who} is writing ${output}`, { hint: "wait for it, or choose another file with -o" });
  }
  try {
    return await work();
  } finally {
    await ports.fs.remove(path);
    await attempt.release();
  }
}
