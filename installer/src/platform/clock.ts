import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "./ports.ts";

/** The machine's clocks. */
export function createClock(): Clock {
  return {
    now: () => new Date(),
    monotonicMs: () => performance.now(),
    sleep: async (ms, signal) => {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    },
  };
}
