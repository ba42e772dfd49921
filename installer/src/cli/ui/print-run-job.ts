import type { RunJobResult } from "../../actions/run-job/run-job.ts";
import type { Style } from "./style.ts";

/** What the job set right. */
export function formatRunJob({ job, changes }: RunJobResult, style: Style): string {
  if (changes === undefined) return `${style.good("done")}: ${job}`;
  if (changes.length === 0) return `nothing to do for ${job}: already so`;
  return [`${style.good("done")}: ${job}`, ...changes.map((change) => `  ${change}`)].join("\n");
}
