import type { RollbackResult } from "../../actions/rollback/rollback.ts";
import { describeDifference } from "../../actions/history/compare-values.ts";
import { formatMilliseconds, printable } from "./format.ts";
import { describeRevision } from "./print-diff.ts";
import { formatChange } from "./print-plan.ts";
import { formatVerify } from "./print-verify.ts";
import type { Style } from "./style.ts";

interface RollbackSurroundings {
  readonly style: Style;
  readonly columns: number | undefined;
}

/** What it went back to, and what is as it was; of a dry run also what would be done for it. */
export function formatRollback(result: RollbackResult, { style, columns }: RollbackSurroundings): string {
  const lines: string[] = [];
  if (result.verify !== undefined) lines.push(formatVerify(result.verify, style, columns), "");
  if (result.values.length > 0) lines.push("values:");
  lines.push(...result.values.map((value) => `  ${printable(describeDifference(value))}`));
  const changes = result.changes.filter(({ action }) => action !== "unchanged");
  if (result.dryRun) lines.push(...changes.map((change) => formatChange(change, style)));
  const target = describeRevision(result.to);
  if (result.dryRun) {
    lines.push(
      changes.length === 0
        ? style.good(`${result.name} is as at ${target}`)
        : `${changes.length} ${changes.length === 1 ? "change leads" : "changes lead"} back to ${target}; nothing was done (--dry-run)`,
    );
  } else if (result.changed) {
    const took = formatMilliseconds(result.ms);
    lines.push(style.good(`${result.name} is as at ${target} again (now revision ${result.revision}, ${took})`));
  } else {
    lines.push(style.good(`${result.name} is as at ${target}; nothing was changed`));
  }
  return lines.join("\n");
}
