import type { Clock } from "../../platform/ports.ts";

/**
 * Makes looks one at a time: whoever asks meanwhile gets the one under way, and whoever asks soon after gets the last one again.
 * @param freshMs milliseconds for which one is given again
 */
export function shareLooks<T>(
  look: () => Promise<T>,
  { monotonicMs }: Pick<Clock, "monotonicMs">,
  freshMs: number,
): () => Promise<T> {
  let last: { readonly atMs: number; readonly result: T } | undefined;
  let underWay: Promise<T> | undefined;
  const begin = async (): Promise<T> => {
    try {
      const result = await look();
      last = { atMs: monotonicMs(), result };
      return result;
    } finally {
      underWay = undefined;
    }
  };
  return () => {
    if (last !== undefined && monotonicMs() - last.atMs < freshMs) return Promise.resolve(last.result);
    underWay ??= begin();
    return underWay;
  };
}
