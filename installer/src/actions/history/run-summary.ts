import type { Install } from "../../execute/state/install.ts";
import type { FileSystem } from "../../platform/ports.ts";
import type { Desired } from "../desired/desired.ts";
import type { Change, ChangeAction } from "../plan/plan.ts";
import { compareValues, describeDifference } from "./compare-values.ts";
import { nameSome, summariseLines } from "./shorten.ts";

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

/** Volumes come and go with their components, and need no word of their own. */
function summariseActions(changes: readonly Change[]): readonly string[] {
  const byAction = new Map<ChangeAction, string[]>();
  for (const { subject, action, id } of changes) {
    if (subject === "volume" || action === "unchanged") continue;
    byAction.set(action, [...(byAction.get(action) ?? []), id]);
  }
  return [...byAction].map(([action, ids]) => `${action} ${nameSome(ids)}`);
}
