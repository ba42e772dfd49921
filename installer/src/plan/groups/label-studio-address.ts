import type { PlanContext } from "../define.ts";

/** Path of the labelling pages on the hub's site. */
export const labelStudioPath = "/-/label-studio";

/** Where people, and whoever sends them there, find the labelling pages. */
export function labelStudioUrl({ addressing }: PlanContext): string {
  return `${addressing.mainUrl}${labelStudioPath}`;
}
