import type { PlanContext } from "../define.ts";

/** Where the page that says what runs here is shown: at the root, or beside the hub's own pages where there are some. */
export function statusPagePath({ values }: PlanContext): string {
  return values.portal.mode === "off" ? "/" : "/-/platform/";
}
