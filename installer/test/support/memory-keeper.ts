import { ApplyError } from "../../src/errors/installer-error.ts";
import { storeId } from "../../src/render/rendering.ts";
import type { LiveService } from "../../src/targets/live-platform.ts";
import type { Keeper } from "../../src/targets/target.ts";

/** What of a target in memory is kept. */
interface Kept<Store, Service> {
  readonly stores: Map<string, Store>;
  readonly services: Map<string, Service>;
}

interface KeptWorld<Store, Service> extends Kept<Store, Service> {
  /** Free for copies of stores. */
  readonly freeBytes: number;
  kept: Kept<Store, Service> | undefined;
}

/** A store takes a byte here. */
export function keeperOn<Store extends object, Service extends Pick<LiveService, "component" | "phase">>(
  world: KeptWorld<Store, Service>,
): Keeper {
  return {
    measure: (_install, { stores }) => Promise.resolve({ bytes: stores.length, freeBytes: world.freeBytes }),
    keep: (_install, { stores }) => {
      const kept = stores.map(storeId).flatMap((id) => {
        const held = world.stores.get(id);
        return held === undefined ? [] : [[id, { ...held }] as const];
      });
      world.kept = { stores: new Map(kept), services: new Map(world.services) };
      return Promise.resolve();
    },
    lacks: (_install, { stores }) =>
      Promise.resolve(stores.map(storeId).filter((id) => world.kept?.stores.has(id) !== true)),
    putBack: (_install, { stores }) => {
      const { kept } = world;
      if (kept === undefined) throw new ApplyError("nothing was kept");
      world.services.clear();
      for (const service of kept.services.values())
        world.services.set(service.component, { ...service, phase: "exited" });
      for (const id of stores.map(storeId)) {
        const held = kept.stores.get(id);
        if (held === undefined) throw new ApplyError(`${id} was not kept`);
        world.stores.set(id, { ...held });
      }
      return Promise.resolve(new Map());
    },
    discard: () => {
      world.kept = undefined;
      return Promise.resolve();
    },
  };
}
