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

/** One line of `toolbox look` on stdout: what is wrong with a service elsewhere, or nothing. */
export interface LookLine {
  /** The component that it takes the place of. */
  readonly service: string;
  readonly findings: readonly LookFinding[];
}

export interface LookFinding {
  readonly severity: "warning" | "failure";
  readonly message: string;
  /** What to change, or what its administrator runs. */
  readonly remedy: string;
}

interface S3Line<Kind extends string> {
  readonly apiVersion: "slipway/v1";
  readonly kind: Kind;
  /** A bucket; a key, or the beginning of several that ends in a slash; of one object `BUCKET/KEY`. */
  readonly name: string;
}

/** A bucket, or an object of one. Each stands on a line of its own. */
export interface S3Entry extends S3Line<"S3Entry"> {
  /** In bytes; absent of a bucket, and of what stands for everything below it. */
  readonly size?: number;
  /** As the store writes it; of a bucket when it was made. */
  readonly modified?: string;
}

/** What the store says of one object. */
export interface S3Object extends S3Line<"S3Object"> {
  /** In bytes. */
  readonly size: number;
  readonly modified?: string;
  /** Its media type. */
  readonly type?: string;
  readonly etag?: string;
  readonly version?: string;
}

/** An object was written or removed. */
export interface S3Change extends S3Line<"S3Change"> {
  readonly change: "written" | "copied" | "removed";
  /** In bytes, of one that was written. */
  readonly size?: number;
  /** `BUCKET/KEY` that it is a copy of. */
  readonly from?: string;
}

/**
 * Exit codes: 0 done or all wires pass; 1 our bug; 2 wrong usage; 3 the document is malformed or unreadable;
 * 6 the job failed; 7 its server did not answer in time; 10 a probe found it not yet so; 12 a wire failed.
 */
export type ToolboxExit = 0 | 1 | 2 | 3 | 6 | 7 | 10 | 12;
