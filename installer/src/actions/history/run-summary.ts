import type { Install } from "../../execute/state/install.ts";
import type { FileSystem } from "../../platform/ports.ts";
import type { Desired } from "../desired/desired.ts";
import type { Change, ChangeAction } from "../plan/plan.ts";
import { compareValues, describeDifference } from "./compare-values.ts";

const linesShown = 5;
const subjectsNamed = 4;

/** What an install does, in a few lines for a list of many: the values it is about, then what happens to which parts. */
export async function summariseRun(
  { valuesText }: Pick<Desired, "valuesText">,
  { plan, layout }: Pick<Install, "plan" | "layout">,
  changes: readonly Change[],
  { fs }: { readonly fs: Pick<FileSystem, "readTextIfPresent"> },
): Promise<readonly string[]> {
  // Of a first install everything is new.
  const recorded = plan === undefined ? undefined : await fs.readTextIfPresent(layout.values);
  const values = recorded === undefined ? [] : compareValues(recorded, valuesText);
  return [...summariseLines(values.map(describeDifference)), ...summariseActions(changes)];
}

/** The first lines, and how many more there are. */
export function summariseLines(lines: readonly string[]): readonly string[] {
  const more = lines.length - linesShown;
  return more <= 1 ? lines : [...lines.slice(0, linesShown), `and ${more} more`];
}

/** Volumes come and go with their components, and need no word of their own. */
function summariseActions(changes: readonly Change[]): readonly string[] {
  const byAction = new Map<ChangeAction, string[]>();
  for (const { subject, action, id } of changes) {
    if (subject === "volume" || action === "unchanged") continue;
    byAction.set(action, [...(byAction.get(action) ?? []), id]);
  }
  return [...byAction].map(([action, ids]) => `${action} ${nameSome(ids)}`);
}

/** "postgres, redis and 7 more". */
export function nameSome(ids: readonly string[]): string {
  const more = ids.length - subjectsNamed;
  if (more <= 1) return ids.join(", ");
  return `${ids.slice(0, subjectsNamed).join(", ")} and ${more} more`;
}
