/**
 * The lines the toolbox program prints. What it reads is described by `toolbox/contract.schema.json`, of which types and checks are
 * generated. The installer imports both as types only.
 */
import type { JobKind, WireKind } from "./contract.generated.ts";

/** One line of `toolbox verify` on stdout per finished wire. */
export interface WireResult {
  readonly wire: string;
  readonly kind: WireKind;
  readonly from: string;
  readonly to: string;
  readonly address: string;
  readonly ok: boolean;
  /** What was to be proved, in words. */
  readonly expectation: string;
  readonly ms: number;
  /** What went wrong, redacted. */
  readonly error?: string;
  /** The likely cause in plain words and what to look at. */
  readonly cause?: string;
  /** What was seen, step by step. */
  readonly details?: readonly string[];
}

/** The last line of `toolbox verify` on stdout. */
export interface VerifySummary {
  readonly summary: { readonly passed: number; readonly failed: number };
}

/** The only line of `toolbox run` on stdout; progress goes to stderr. */
export interface JobResult {
  readonly job: JobKind;
  readonly ok: boolean;
  /** What was changed; empty when it was already so. */
  readonly changes: readonly string[];
  /** What a probe found missing. */
  readonly missing?: readonly string[];
  /** What somebody else made and was left as it is. */
  readonly notes?: readonly string[];
  readonly ms: number;
  readonly error?: string;
  readonly cause?: string;
}

/**
 * Exit codes: 0 done or all wires pass; 1 our bug; 2 wrong usage; 3 the document is malformed or unreadable;
 * 6 the job failed; 7 its server did not answer in time; 10 a probe found it not yet so; 12 a wire failed.
 */
export type ToolboxExit = 0 | 1 | 2 | 3 | 6 | 7 | 10 | 12;
