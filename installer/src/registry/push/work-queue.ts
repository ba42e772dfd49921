/** What a piece of work is done before: lower ranks first, within a rank the larger weight. */
export interface Priority {
  readonly rank: number;
  readonly weight: number;
}

/** Work waiting for one of a bounded number of connections. */
export interface WorkQueue {
  run<T>(priority: Priority, work: () => Promise<T>): Promise<T>;
  /** Settles when nothing runs and nothing waits. */
  idle(): Promise<void>;
  /** Connections in use at most from now on; at least 1. */
  setLimit(limit: number): void;
  readonly limit: () => number;
}

interface Waiting {
  readonly priority: Priority;
  readonly start: () => void;
  readonly refuse: (reason: unknown) => void;
}

/** One pool for everything: as soon as a connection is free the most urgent piece of work that waits gets it. */
export function createWorkQueue(limit: number, signal: AbortSignal): WorkQueue {
  const waiting: Waiting[] = [];
  const idlers: (() => void)[] = [];
  let allowed = Math.max(1, limit);
  let running = 0;

  function pump(): void {
    while (running < allowed) {
      const next = waiting.shift();
      if (next === undefined) break;
      running += 1;
      next.start();
    }
    if (running === 0 && waiting.length === 0) for (const wake of idlers.splice(0)) wake();
  }

  signal.addEventListener(
    "abort",
    () => {
      for (const { refuse } of waiting.splice(0)) refuse(signal.reason);
      pump();
    },
    { once: true },
  );

  return {
    run: (priority, work) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason as Error);
          return;
        }
        const start = (): void => {
          work()
            .then(resolve, reject)
            .finally(() => {
              // What this has made ready, or needless, is to be known before the next piece is chosen.
              setImmediate(() => {
                running -= 1;
                pump();
              });
            });
        };
        insert(waiting, { priority, start, refuse: reject });
        pump();
      }),
    idle: () => (running === 0 && waiting.length === 0 ? Promise.resolve() : new Promise((wake) => idlers.push(wake))),
    setLimit: (wanted) => {
      allowed = Math.max(1, Math.floor(wanted));
      pump();
    },
    limit: () => allowed,
  };
}

/** Behind what is at least as urgent, found by halving. */
function insert(waiting: Waiting[], item: Waiting): void {
  let low = 0;
  let high = waiting.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = waiting[middle];
    if (other !== undefined && isBefore(item.priority, other.priority)) high = middle;
    else low = middle + 1;
  }
  waiting.splice(low, 0, item);
}

function isBefore(a: Priority, b: Priority): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.weight > b.weight);
}
