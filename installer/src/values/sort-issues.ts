import type { ValuesIssue } from "../errors/installer-error.ts";
import { compareText } from "../language/compare-text.ts";

/** Problems in the order in which a reader meets them: by file, line and column; then those of the command line, then those without a place. */
export function sortIssues(issues: readonly ValuesIssue[]): readonly ValuesIssue[] {
  return issues.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      compareText(a.file ?? "", b.file ?? "") ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
}

function rank({ file }: ValuesIssue): number {
  if (file === undefined) return 2;
  return file.startsWith("--") ? 1 : 0;
}
