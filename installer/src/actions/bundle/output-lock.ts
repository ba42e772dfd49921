import { LockedError, PreflightError } from "../../errors/installer-error.ts";
import type { ActionPorts } from "../context.ts";

/**
 * Keeps two runs from writing the same bundle at the same time, for as long as the work takes.
 * @throws LockedError naming the run that is at work; PreflightError where nothing can be written
 */
export async function withOutputLock<T>(
  output: string,
  ports: Pick<ActionPorts, "locks" | "host" | "process" | "clock" | "fs">,
  work: () => Promise<T>,
): Promise<T> {
  const path = `${output}.partial.lock`;
  const holder = {
    pid: ports.process.pid,
    bootId: await ports.host.bootId(),
    startedAt: ports.clock.now().toISOString(),
    command: ports.process.command,
    run: output,
  };
  const attempt = await ports.locks.tryAcquire(path, holder).catch((error: unknown) => {
    throw explainPlace(error, output);
  });
  if (!attempt.held) {
    const { holder: other } = attempt;
    const who = other === undefined ? "another run" : `process ${other.pid}, since ${other.startedAt},`;
    throw new LockedError(`${who} is writing ${output}`, { hint: "wait for it, or choose another file with -o" });
  }
  try {
    return await work();
  } finally {
    await ports.fs.remove(path);
    await attempt.release();
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  ENOENT: "nothing can be made in its folder",
};

/** The lock is the first file that is written there. */
function explainPlace(error: unknown, output: string): unknown {
  const reason = reasons[(error as NodeJS.ErrnoException).code ?? ""];
  if (reason === undefined) return error;
  const hint = "choose another place with -o, or run as a user who may write there; nothing was written";
  return new PreflightError(`${output} cannot be written: ${reason}`, { hint, cause: error });
}
