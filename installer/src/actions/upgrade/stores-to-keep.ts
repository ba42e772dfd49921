import type { Plan } from "../../plan/model.ts";
import { type Store, storesOf } from "../../render/rendering.ts";
import { servedByAnother } from "../rollback/same-programs.ts";

/**
 * The stores that are copied before an upgrade: all but what is ephemeral, as soon as one program that has data is another than before, for it may
 * bring its data to a form that the older one cannot read. All of them, because data that belongs together must come back from one moment.
 */
export function storesToKeep(before: Plan, after: Plan): readonly Store[] {
  if (!before.components.some((component) => servedByAnother(component, after))) return [];
  return storesOf(before).filter(({ dataClass }) => dataClass !== "ephemeral");
}

/** Components whose data is elsewhere: no copy of it can be made, and none can be put back. */
export function dataElsewhere({ components }: Plan): readonly string[] {
  return components.filter(({ presence }) => presence === "external").map(({ id }) => id);
}
