import type { Component, Plan, Volume } from "../../plan/model.ts";

/** What a backup of a plan holds, and what it does not. */
export interface Inventory {
  /** Stores by `component/volume` that are copied. */
  readonly copied: readonly string[];
  readonly notCopied: readonly NotCopied[];
}

export interface NotCopied {
  /** A store as `component/volume`, or a component that is somewhere else. */
  readonly store: string;
  readonly reason: string;
}

/** Every store of a plan, with what a backup makes of it. */
export function inventoryOf({ components }: Plan): Inventory {
  const stores = components.flatMap(({ id, volumes }) =>
    volumes.map((volume) => ({ store: `${id}/${volume.name}`, volume })),
  );
  const kept = stores.filter(({ volume }) => volume.dataClass === "backup");
  return {
    copied: kept.filter(({ volume }) => volume.copiedAs !== undefined).map(({ store }) => store),
    notCopied: [
      ...kept
        .filter(({ volume }) => volume.copiedAs === undefined)
        .map(({ store, volume }) => ({ store, reason: reasonOf(volume) })),
      ...components
        .filter(keepsElsewhere)
        .map(({ id }) => ({ store: id, reason: "it is elsewhere, and is backed up there" })),
    ],
  };
}

function reasonOf({ name }: Volume): string {
  return `there is no way yet to copy the files in ${name} while they are in use`;
}

function keepsElsewhere({ presence, databases, buckets }: Component): boolean {
  return presence === "external" && databases.length + buckets.length > 0;
}
