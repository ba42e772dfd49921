import type { RunJobResult } from "../../actions/run-job/run-job.ts";
import { printable } from "./format.ts";
import type { Style } from "./style.ts";

/** What the job set right, or would, and what it left as somebody else made it. Both quote what others wrote. */
export function formatRunJob(result: RunJobResult, style: Style): string {
  const { changes = [], notes = [] } = result;
  return [
    head(result, style),
    ...changes.map((change) => `  ${printable(change)}`),
    ...notes.map((note) => style.dim(printable(note))),
  ].join("\n");
}

function head({ job, dryRun, changes }: RunJobResult, style: Style): string {
  if (changes?.length === 0) return `nothing to do for ${job}: already so`;
  return dryRun ? `${style.warn("would be done")}: ${job}` : `${style.good("done")}: ${job}`;
}
