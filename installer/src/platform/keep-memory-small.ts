import { setFlagsFromString } from "node:v8";

interface YoungGeneration {
  /** It is not to grow. */
  small: boolean;
  /** What is loaded or started just now. */
  loads: number;
}

/** Known to the process and not to this module: the starter and the program it loads have a copy of it each. */
const shared = globalThis as Record<symbol, YoungGeneration | undefined>;
const key = Symbol.for("slipway.youngGeneration");

/** Commands through which nothing streams: they start sooner without it. */
const streamless: readonly string[] = ["init", "validate", "plan", "render", "status", "completion", "help"];

/**
 * Keeps V8 from letting its young generation grow. What streams pass on is freed when that is collected, so that with the
 * usual growth a hundred megabytes of chunks lie about while gigabytes go by. It has to be said before much is loaded.
 */
export function keepMemorySmall(command: string | undefined): void {
  const state = stateOf();
  if (state.small || streamless.includes(command ?? "")) return;
  state.small = true;
  apply(state);
}

/**
 * Loads code, or starts a thread that does, with the flags that V8 usually has. It takes compiled code only from a run with
 * the same ones, and that of Node's own modules comes with Node: with others a thread needs twice as long to start.
 * `loaded` says when what was started is done with it.
 */
export function withUsualFlags<T>(load: () => T, loaded?: (started: T) => Promise<unknown>): T {
  const state = stateOf();
  const end = (): void => change(state, -1);
  change(state, 1);
  let waits = false;
  try {
    const started = load();
    if (loaded !== undefined) {
      waits = true;
      loaded(started).then(end, end);
    }
    return started;
  } finally {
    if (!waits) end();
  }
}

function stateOf(): YoungGeneration {
  return (shared[key] ??= { small: false, loads: 0 });
}

function change(state: YoungGeneration, by: 1 | -1): void {
  state.loads += by;
  // Otherwise the flag is as V8 came, and nothing is to be put back.
  if (state.small && state.loads === (by === 1 ? 1 : 0)) apply(state);
}

function apply({ small, loads }: YoungGeneration): void {
  setFlagsFromString(`--semi-space-growth-factor=${small && loads === 0 ? 1 : 2}`);
}
