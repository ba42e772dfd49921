import type { InstallTarget } from "../context.ts";

/** Where a drill brings the second platform up; nothing is left of it afterwards. */
export function drillPlaceOf({ name, stateDir }: Pick<InstallTarget, "name" | "stateDir">): {
  readonly name: string;
  readonly stateDir: string;
} {
  return { name: `${name}-drill`, stateDir: `${stateDir}-drill` };
}
