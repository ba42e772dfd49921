import type { Comparison } from "./measure.ts";

/** One line of the table: what is compared with what, and how much slower ours may be. */
export interface BenchRow {
  readonly id: string;
  readonly title: string;
  readonly rival: string;
  /** Largest allowed ratio of the medians, ours to the rival's. */
  readonly bar: number;
  readonly measure: (say: (text: string) => void) => Promise<Comparison>;
}
