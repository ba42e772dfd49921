import type { ErrorCode } from "../../../src/errors/exit-codes.ts";
import type { Proof } from "../proof.ts";

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
