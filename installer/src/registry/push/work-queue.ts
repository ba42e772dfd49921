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
  /** A request had to be tried again: when many do, fewer connections are used until it goes well again. */
  strain(): void;
  /** Connections in use at most, now. */
  readonly limit: () => number;
}

interface Waiting {
  readonly priority: Priority;
  readonly start: () => void;
  readonly refuse: (reason: unknown) => void;
}

/** So much of a strain a piece of work that goes well makes up for. */
const relief = 0.25;

/** One pool for everything: as soon as a connection is free the most urgent piece of work that waits gets it. */
export function createWorkQueue(limit: number, signal: AbortSignal): WorkQueue {
  const waiting: Waiting[] = [];
  const idlers: (() => void)[] = [];
  const most = Math.max(1, limit);
  let allowed = most;
  let running = 0;
  let strains = 0;
  let calm = 0;

  function wentWell(): void {
    strains = Math.max(0, strains - relief);
    calm += 1;
    if (calm < 2 * allowed || allowed === most) return;
    calm = 0;
    allowed += 1;
  }

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
            .then((result) => {
              wentWell();
              resolve(result);
            }, reject)
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
    strain: () => {
      strains += 1;
      calm = 0;
      if (strains < Math.max(2, allowed / 2)) return;
      strains = 0;
      allowed = Math.ceil(allowed / 2);
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
