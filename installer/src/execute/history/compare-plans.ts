import type { Component, Job, Plan } from "../../plan/model.ts";
import { describeChanges, describeFields } from "../plan-diff.ts";

/** A part of a platform that is in one plan only, or otherwise in the other. */
export interface PlanDifference {
  readonly subject: "component" | "job" | "platform";
  readonly id: string;
  readonly change: "added" | "removed" | "changed";
  /** `resources.memoryMiB 512 → 1024`; none where the part as a whole came or went. */
  readonly details: readonly string[];
}

/** What differs between two plans, part by part: components, jobs, then what belongs to the platform as a whole. */
export function comparePlans(before: Plan, after: Plan): readonly PlanDifference[] {
  return [
    ...compareParts("component", before.components, after.components),
    ...compareParts("job", before.jobs, after.jobs),
    ...platformParts.flatMap((id): readonly PlanDifference[] => {
      const details = describeFields(before[id], after[id]);
      return details.length === 0 ? [] : [{ subject: "platform", id, change: "changed", details }];
    }),
  ];
}

/** What of a plan belongs to no component and no job. */
const platformParts = [
  "install",
  "settings",
  "listeners",
  "routes",
  "wires",
  "secrets",
] as const satisfies readonly (keyof Plan)[];

function compareParts<Part extends Component | Job>(
  subject: "component" | "job",
  before: readonly Part[],
  after: readonly Part[],
): readonly PlanDifference[] {
  const ids = [...new Set([...before, ...after].map(({ id }) => id))];
  return ids.flatMap((id): readonly PlanDifference[] => {
    const [old, fresh] = [before, after].map((parts) => parts.find((part) => part.id === id));
    if (old === undefined) return [{ subject, id, change: "added", details: [] }];
    if (fresh === undefined) return [{ subject, id, change: "removed", details: [] }];
    const details = describeChanges(old, fresh);
    return details.length === 0 ? [] : [{ subject, id, change: "changed", details }];
  });
}
