import { readFile } from "node:fs/promises";
import type { RunningChild } from "../support/child.ts";

/** One thing whose time is taken; what it needs before and after is not counted. */
export interface Contender {
  readonly before?: () => Promise<void>;
  readonly run: () => unknown;
  readonly after?: () => Promise<void>;
  /** Runs taken together as one time, for what is too short to be timed alone; the time is that of one. */
  readonly repeat?: number;
}

export interface Comparison {
  /** Medians, milliseconds. */
  readonly ours: number;
  readonly rivalMs: number;
  readonly ratio: number;
  readonly rounds: number;
}

/** Measures two contenders in turn, A B A B, so that a slow minute of the machine hits both. */
export async function compare(
  ours: Contender,
  rival: Contender,
  options: { readonly rounds: number; readonly warmUps?: number; readonly onRound?: (text: string) => void },
): Promise<Comparison> {
  const times: { readonly ours: number[]; readonly rival: number[] } = { ours: [], rival: [] };
  for (let round = -(options.warmUps ?? 0); round < options.rounds; round += 1) {
    const mine = await timeOf(ours);
    const theirs = await timeOf(rival);
    options.onRound?.(`${round < 0 ? "warm-up" : `round ${round + 1}`}: ${formatMs(mine)} against ${formatMs(theirs)}`);
    if (round < 0) continue;
    times.ours.push(mine);
    times.rival.push(theirs);
  }
  const [mine, theirs] = [median(times.ours), median(times.rival)];
  return { ours: mine, rivalMs: theirs, ratio: mine / theirs, rounds: options.rounds };
}

async function timeOf(contender: Contender): Promise<number> {
  await contender.before?.();
  try {
    const repeat = contender.repeat ?? 1;
    const begin = performance.now();
    for (let run = 0; run < repeat; run += 1) await contender.run();
    return (performance.now() - begin) / repeat;
  } finally {
    await contender.after?.();
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function formatMs(ms: number): string {
  return ms < 100 ? `${ms.toFixed(1)} ms` : ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** High-water mark of a program's resident memory, MiB; it has to succeed. */
export async function peakMemory(child: RunningChild): Promise<number> {
  let most = 0;
  const watch = setInterval(() => {
    void readFile(`/proc/${child.pid}/status`, "utf8")
      .then((text) => {
        most = Math.max(most, Number(/VmHWM:\s+(\d+) kB/.exec(text)?.[1] ?? 0) / 1024);
      })
      .catch(() => undefined);
  }, 20);
  const result = await child.ended;
  clearInterval(watch);
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return Math.round(most);
}
