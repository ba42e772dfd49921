// What a whole test run adds up to.
import type { Counts } from "./count-reporter.ts";

export interface Tally {
  passed: number;
  readonly failed: string[];
  readonly skipped: { readonly name: string; readonly reason: string }[];
}

export function emptyTally(): Tally {
  return { passed: 0, failed: [], skipped: [] };
}

/** A check that is not made of single tests counts as one. */
export function addCheck(tally: Tally, name: string, ok: boolean): void {
  if (ok) tally.passed += 1;
  else tally.failed.push(name);
}

/** Single tests count each. A run that failed without a failed test, by its coverage or before it began, counts as one failure. */
export function addCounts(tally: Tally, project: string, counts: Counts | undefined, exitCode: number): void {
  if (counts === undefined) {
    tally.failed.push(`${project}: it ended (exit ${exitCode}) without a result`);
    return;
  }
  tally.passed += counts.passed;
  tally.failed.push(...counts.failed);
  tally.skipped.push(...counts.skipped);
  if (exitCode !== 0 && counts.failed.length === 0)
    tally.failed.push(`${project}: exit ${exitCode} although no test failed`);
  if (exitCode === 0 && counts.passed + counts.failed.length === 0) tally.failed.push(`${project}: no test ran`);
}

/** "N passed, 0 failed"; skipped ones are named when there are any. */
export function closingLine(tally: Tally): string {
  const skipped = tally.skipped.length === 0 ? "" : `, ${tally.skipped.length} skipped`;
  return `${tally.passed} passed, ${tally.failed.length} failed${skipped}`;
}
