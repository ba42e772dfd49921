import type { Plan } from "../../plan/model.ts";
import { type Store, storeId, storesOf } from "../../render/rendering.ts";
import { servedByAnother } from "../rollback/same-programs.ts";

/**
 * The stores that are copied before an upgrade: all but where backups are kept, as soon as one program that has data is another than before, for it may
 * bring its data to a form that the older one cannot read. All of them, because data that belongs together must come back from one moment.
 */
export function storesToKeep(before: Plan, after: Plan): readonly Store[] {
  if (!before.components.some((component) => servedByAnother(component, after))) return [];
  return storesOf(before).filter((store) => store.dataClass !== "ephemeral" || !isPersonsOwn(store));
}

/** What is made again from the rest and lies where a person said: backups, which must not be taken back. */
function isPersonsOwn({ directory, claim }: Store): boolean {
  return directory !== undefined || claim !== undefined;
}

/** Stores whose directory is another one afterwards: what is in the old one cannot be put back into the new one. */
export function movedStores(before: Plan, after: Plan): readonly string[] {
  const then = new Map(storesOf(after).map((store) => [storeId(store), store.directory]));
  return storesOf(before).flatMap((store) => {
    const id = storeId(store);
    return then.has(id) && then.get(id) !== store.directory ? [id] : [];
  });
}

/** Components whose data is elsewhere: no copy of it can be made, and none can be put back. */
export function dataElsewhere({ components }: Plan): readonly string[] {
  return components.filter(({ presence }) => presence === "external").map(({ id }) => id);
}
