import type { ErrorCode } from "../../../src/errors/exit-codes.ts";

/** A test, by the title that stands in its file; `case` is a row of a test with several. */
export interface Proof {
  /** Where it is looked for: the folder and the beginning of the file name, as far as needed: `open-bundle`, `harbor/`. */
  readonly suite: string;
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

/** Proofs in one suite: each a title, or a title and the row of it. */
export function proofs(suite: string, ...tests: readonly (string | readonly [string, string])[]): readonly Proof[] {
  return tests.map((test) => (typeof test === "string" ? { suite, test } : { suite, test: test[0], case: test[1] }));
}
