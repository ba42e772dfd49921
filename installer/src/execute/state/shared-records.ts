import { PreflightError } from "../../errors/installer-error.ts";
import type { LockHolder } from "../../platform/ports.ts";
import type { StateLayout } from "./layout.ts";

/**
 * Records of an install that are kept where it runs, for everybody who looks after it; the state directory is a copy of them. Where the
 * directory is all there is, a target has none of these.
 */
export interface SharedRecords {
  /** Where they are, for messages: `namespace a of the context b`. */
  readonly place: string;
  /** Aborted, with an error as its reason, once another run has taken the lock over. */
  readonly lost: AbortSignal;
  /**
   * Takes the lock of the install for all machines. Where there is no place for it yet, the first `push` makes that and takes it.
   * @throws LockedError naming who has it
   */
  lock(holder: LockHolder, previous: LockHolder | undefined): Promise<SharedLock>;
  /**
   * Looks whether they are newer than the copy. What it gives brings the copy up to date; who calls that holds the lock of the directory.
   * @throws RecordsUnreachable when the place does not answer; PreflightError when both were changed, when the copy is of another
   * install, when they are damaged, or when a place of the same name answers that is another one
   */
  news(layout: StateLayout): Promise<(() => Promise<void>) | undefined>;
  /**
   * Puts there what is in the copy; when it returns, another machine can go on with it. Nothing is sent where nothing changed. The caller
   * holds the lock.
   * @param run id of the run that does it
   * @throws LockedError when another run has taken the lock over
   */
  push(layout: StateLayout, run: string): Promise<void>;
  /** Forgets the install there; the caller holds the lock. What is already gone is no error. */
  remove(): Promise<void>;
}

export interface SharedLock {
  release(): Promise<void>;
}

/** The place of the shared records does not answer: what the copy says may be old. */
export class RecordsUnreachable extends PreflightError {}
