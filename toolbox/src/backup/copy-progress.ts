import type { CopyContext, CopyProgress } from "./copy.ts";

/** Tells progress so seldom that nobody drowns in it. */
export interface ProgressTeller {
  /** So much more is done. */
  readonly advance: (by: number) => void;
  /** All there is to do is this much, as far as is known. */
  readonly expect: (total: number) => void;
  /** Tells where it is now. */
  readonly finish: () => void;
}

const leastMs = 250;

/** Starts counting at zero. */
export function tellProgress(context: CopyContext, unit: CopyProgress["unit"], total: number): ProgressTeller {
  let done = 0;
  let expected = total;
  let told = 0;
  const tell = (): void => {
    told = performance.now();
    context.progress({ done, total: Math.max(expected, done), unit });
  };
  return {
    advance: (by) => {
      done += by;
      if (performance.now() - told >= leastMs) tell();
    },
    expect: (more) => {
      expected = more;
    },
    finish: tell,
  };
}
