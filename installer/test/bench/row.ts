import { type Comparison, formatMs } from "./measure.ts";

/** One line of the table: what is compared with what, and what has to come out. */
export interface BenchRow {
  readonly id: string;
  readonly title: string;
  readonly rival: string;
  readonly measure: (say: (text: string) => void) => Promise<Outcome>;
}

/** What came out, as it stands in the table. */
export interface Outcome {
  readonly ours: string;
  readonly theirs: string;
  /** The figure the bar is about. */
  readonly figure: string;
  readonly bar: string;
  readonly pass: boolean;
}

/** Ours may take at most `bar` times as long as the rival. */
export function atMost(comparison: Comparison, bar: number): Outcome {
  return { ...times(comparison), figure: comparison.ratio.toFixed(2), bar: `≤ ${bar}`, pass: comparison.ratio <= bar };
}

/** Ours has to be at least `bar` times as fast as the rival. */
export function fasterBy(comparison: Comparison, bar: number): Outcome {
  const factor = 1 / comparison.ratio;
  return { ...times(comparison), figure: `${factor.toFixed(2)} × faster`, bar: `≥ ${bar} ×`, pass: factor >= bar };
}

/** A rival shown beside ours, without a bar. */
export function shown(comparison: Comparison): Outcome {
  const factor = 1 / comparison.ratio;
  return { ...times(comparison), figure: `${factor.toFixed(2)} × faster`, bar: "–", pass: true };
}

function times(comparison: Comparison): Pick<Outcome, "ours" | "theirs"> {
  return { ours: formatMs(comparison.ours), theirs: formatMs(comparison.rivalMs) };
}
