import { DataExpectedError } from "../errors/installer-error.ts";
import { type Store, storeId } from "../render/rendering.ts";
import type { Applied } from "./state/records.ts";

/** What a look into a store found; `unknown` when this user may not look. */
export type StoreContents = "data" | "empty" | "missing" | "unknown";

export interface SeenStore {
  /** What the target calls it. */
  readonly place: string;
  readonly contents: StoreContents;
}

/** The stores that served before and whose loss cannot be made good. */
export function guardedStores(stores: readonly Store[], applied: Pick<Applied, "initialised">): readonly Store[] {
  return stores.filter((store) => store.dataClass === "backup" && applied.initialised[storeId(store)] !== undefined);
}

/**
 * Refuses to go on when a store that served before is gone or empty: starting it would make a new, empty one in its place.
 * @throws DataExpectedError naming every such store, and one that cannot be looked into
 */
export function requireData(stores: readonly Store[], seen: ReadonlyMap<string, SeenStore>): void {
  const lost = stores.flatMap((store) => {
    const { place, contents } = seen.get(storeId(store)) ?? { place: storeId(store), contents: "missing" as const };
    const reason = reasonOf(store, contents);
    return reason === undefined
      ? []
      : [{ component: store.component, line: `${place} (${store.component}): ${reason}`, contents }];
  });
  if (lost.length === 0) return;
  const components = [...new Set(lost.map(({ component }) => component))];
  const details = lost.map(({ line }) => line);
  if (lost.every(({ contents }) => contents === "unknown")) {
    throw new DataExpectedError(
      `cannot tell whether the data of ${components.join(", ")} is there; nothing was started`,
      {
        details,
        hint: "run the same command as root, or give the host one image of the plan to look with",
      },
    );
  }
  throw new DataExpectedError(`data of ${components.join(", ")} was here and is gone; nothing was started`, {
    details,
    hint: `put the data back from a backup; or, to begin with empty stores, install with ${components.map((id) => `--accept-data-loss ${id}`).join(" ")}`,
  });
}

function reasonOf(store: Store, contents: StoreContents): string | undefined {
  switch (contents) {
    case "data":
      return undefined;
    case "missing":
      return "the volume is gone";
    case "empty":
      return `${store.marker ?? "its data"} is not in it`;
    case "unknown":
      return "this user may not look into it, and there is no image to look with";
  }
}
