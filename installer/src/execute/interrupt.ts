import { InterruptedError, LockedError } from "../errors/installer-error.ts";

/**
 * Ends a run between two steps, after Ctrl-C or once it has lost its lock.
 * @throws InterruptedError; LockedError
 */
export function throwIfInterrupted(signal: AbortSignal, before: string): void {
  if (!signal.aborted) return;
  if (signal.reason instanceof LockedError) throw signal.reason;
  throw new InterruptedError(`interrupted before ${before}`, { hint: "the same command goes on from here" });
}
