import { InterruptedError } from "../errors/installer-error.ts";

/**
 * Ends a run between two steps after Ctrl-C.
 * @throws InterruptedError
 */
export function throwIfInterrupted(signal: AbortSignal, before: string): void {
  if (!signal.aborted) return;
  throw new InterruptedError(`interrupted before ${before}`, { hint: "the same command goes on from here" });
}
