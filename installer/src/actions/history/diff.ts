import { comparePlans, type PlanDifference } from "../../execute/history/compare-plans.ts";
import { readRevision } from "../../execute/history/revisions.ts";
import { openInstall } from "../../execute/state/install.ts";
import type { InstallTarget, ResultHead } from "../context.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { compareValues, type ValueDifference } from "./compare-values.ts";
import type { HistoryPorts } from "./history.ts";
import { headOf, requireRevisions, type RevisionHead } from "./known-revisions.ts";

export interface DiffRequest extends InstallTarget {
  readonly from: number;
  /** The revision in effect when left out. */
  readonly to?: number;
}

/** Something with a name that is on one side only, or otherwise on the other. */
export interface NamedDifference {
  readonly name: string;
  readonly change: "added" | "removed" | "changed";
}

export interface DiffResult extends ResultHead<"DiffResult"> {
  readonly name: string;
  readonly from: RevisionHead;
  readonly to: RevisionHead;
  /** Whether anything at all differs. */
  readonly changed: boolean;
  /** A change was begun since and is not complete: what runs may be of neither revision. */
  readonly incomplete: boolean;
  readonly values: readonly ValueDifference[];
  readonly plan: readonly PlanDifference[];
  /** References whose image is another one; those of parts that changed their reference are in `plan`. */
  readonly images: readonly NamedDifference[];
  /** Secrets that are others, never what they are. */
  readonly secrets: readonly NamedDifference[];
}

/**
 * What differs between two revisions of an install: in what was asked for, and in the plan that was made of it.
 * @throws UsageError when there is no such revision; PreflightError when nothing is installed, or a record is damaged
 */
export async function diffRevisions(request: DiffRequest, ports: HistoryPorts): Promise<DiffResult> {
  const install = await openInstall(request, ports.fs);
  await requireInstalledHere(install, ports);
  const { from, to = install.applied.release } = request;
  await requireRevisions([from, to], install, ports.fs);
  const [before, after] = await Promise.all([
    readRevision(ports.fs, install, from),
    readRevision(ports.fs, install, to),
  ]);
  const differences = {
    values: compareValues(before.values, after.values),
    plan: comparePlans(before.plan, after.plan),
    images: compareNamed(before.images, after.images).filter(({ change }) => change === "changed"),
    secrets: compareNamed(before.secrets, after.secrets),
  };
  return {
    apiVersion: "slipway/v1",
    kind: "DiffResult",
    name: install.name,
    from: headOf(before),
    to: headOf(after),
    changed: Object.values(differences).some((list) => list.length > 0),
    incomplete: install.applied.change !== undefined,
    ...differences,
  };
}

type Named = Readonly<Record<string, string>>;

function compareNamed(before: Named, after: Named): readonly NamedDifference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .toSorted()
    .flatMap((name): readonly NamedDifference[] => {
      const [old, fresh] = [before[name], after[name]];
      if (old === fresh) return [];
      return [{ name, change: old === undefined ? "added" : fresh === undefined ? "removed" : "changed" }];
    });
}
