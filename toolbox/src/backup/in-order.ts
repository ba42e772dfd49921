export interface InOrderOptions {
  /** How many run at the same time. */
  readonly atOnce: number;
  /** How many may be begun or finished before the oldest one has been taken. */
  readonly ahead: number;
}

/**
 * Does the work of each item, several at once, and gives the results in the order of the items.
 * The first failure aborts the signal of the others and is thrown when all of them have ended, so that nothing goes on behind it;
 * the same happens when the consumer stops.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  { atOnce, ahead }: InOrderOptions,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const { default: pLimit } = await import("p-limit");
  const limit = pLimit(atOnce);
  const stop = new AbortController();
  const pending: Promise<Result>[] = [];
  const begin = (item: Item): void => {
    const result = limit(async () => {
      stop.signal.throwIfAborted();
      try {
        return await work(item, stop.signal);
      } catch (error) {
        // at once, not when it is its turn: nothing more is begun
        stop.abort(error);
        throw error;
      }
    });
    result.catch(() => undefined);
    pending.push(result);
  };
  try {
    for await (const item of items) {
      stop.signal.throwIfAborted();
      begin(item);
      if (pending.length >= ahead) yield await taken(pending);
    }
    while (pending.length > 0) yield await taken(pending);
  } catch (error) {
    // what was aborted by it says less than the failure itself
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    stop.abort(new Error("stopped"));
    await Promise.allSettled(pending);
  }
}

/** The oldest result; it stays among the pending until it is there, so that a failure still waits for it. */
async function taken<Result>(pending: Promise<Result>[]): Promise<Result> {
  const [oldest] = pending;
  if (oldest === undefined) throw new RangeError("nothing is pending");
  const result = await oldest;
  void pending.shift();
  return result;
}
