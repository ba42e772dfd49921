import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { listRevisions, type Revision } from "../../execute/history/revisions.ts";
import type { Install } from "../../execute/state/install.ts";
import type { FileSystem } from "../../platform/ports.ts";

/** A revision as a reader knows it. */
export type RevisionHead = Pick<Revision, "revision" | "at" | "version" | "planHash">;

export function headOf({ revision, at, version, planHash }: Revision): RevisionHead {
  return { revision, at, version, planHash };
}

/**
 * Makes sure that there are these revisions, and tells which there are, oldest first.
 * @throws UsageError naming those that there are not; PreflightError before there is one
 */
export async function requireRevisions(
  asked: readonly number[],
  install: Install,
  fs: Pick<FileSystem, "exists" | "list">,
): Promise<readonly number[]> {
  const known = await listRevisions(fs, install);
  if (known.length === 0) {
    throw new PreflightError(`${install.name} has no revision yet: no install of it was completed`, {
      hint: "slipway history says what was done; slipway install completes it",
    });
  }
  const missing = asked.filter((number) => !known.includes(number));
  if (missing.length === 0) return known;
  throw new UsageError(`there is no revision ${missing.join(" and no ")}`, {
    hint: `revisions are ${describeNumbers(known)}; slipway history says what was done at each`,
  });
}

/** "1, 2, 5 to 9". */
function describeNumbers(numbers: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run?.[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs
    .map(([first, last]) => (first === last ? String(first) : `${first}${last === first + 1 ? "," : " to"} ${last}`))
    .join(", ");
}
