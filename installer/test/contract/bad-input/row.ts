import type { ErrorCode } from "../../../src/errors/exit-codes.ts";

/** A test, by the title that stands in its file; `case` is a row of a test with several. */
export interface Proof {
  readonly file: string;
  readonly test: string;
  readonly case?: string;
}

/** Something that is wrong, and what follows. docs/bad-input.md is made from these rows, and a test looks for their proofs. */
export interface BadInput {
  readonly fault: string;
  /** The error, with … for what differs; a piece of it between two … stands in the source. Absent: it is not an error. */
  readonly says?: string;
  readonly code?: ErrorCode;
  /** Of what was to be written. */
  readonly state: string;
  readonly again: string;
  /** None: `reason` says why it cannot be tried here. */
  readonly proofs: readonly Proof[];
  readonly reason?: string;
}

export interface BadInputSection {
  readonly title: string;
  readonly text: string;
  readonly rows: readonly BadInput[];
}

/** Proofs in one file: each a title, or a title and the row of it. */
export function proofs(file: string, ...tests: readonly (string | readonly [string, string])[]): readonly Proof[] {
  return tests.map((test) => (typeof test === "string" ? { file, test } : { file, test: test[0], case: test[1] }));
}
