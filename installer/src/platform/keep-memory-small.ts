import { setFlagsFromString } from "node:v8";

interface YoungGeneration {
  /** Content streams through this process, or did. */
  streaming: boolean;
  /** What is loaded or started just now. */
  loads: number;
}

/** Known to the process and not to this module: the starter and the program it loads have a copy of it each. */
const shared = globalThis as Record<symbol, YoungGeneration | undefined>;
const key = Symbol.for("slipway.youngGeneration");

/**
 * Keeps V8 from letting its young generation grow from here on. What streams pass on is freed when that is collected, so
 * that with the usual growth a hundred megabytes of chunks lie about while gigabytes go by.
 */
export function keepMemorySmall(): void {
  const state = stateOf();
  if (state.streaming) return;
  state.streaming = true;
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
  return (shared[key] ??= { streaming: false, loads: 0 });
}

function change(state: YoungGeneration, by: 1 | -1): void {
  state.loads += by;
  // Otherwise the flag is as V8 came, and nothing is to be put back.
  if (state.streaming && state.loads === (by === 1 ? 1 : 0)) apply(state);
}

function apply({ streaming, loads }: YoungGeneration): void {
  setFlagsFromString(`--semi-space-growth-factor=${streaming && loads === 0 ? 1 : 2}`);
}
