import { ApplyError } from "../../src/errors/installer-error.ts";
import { storeId } from "../../src/render/rendering.ts";
import type { Keeper } from "../../src/targets/target.ts";
import type { MemoryTarget } from "./memory-target.ts";

/** A store takes a byte here. */
export function keeperOn(world: MemoryTarget): Keeper {
  return {
    measure: (_install, _plan, stores) => Promise.resolve({ bytes: stores.length, freeBytes: world.freeBytes }),
    keep: (_install, _plan, stores) => {
      const kept = stores.map(storeId).flatMap((id) => {
        const held = world.stores.get(id);
        return held === undefined ? [] : [[id, { ...held }] as const];
      });
      world.kept = { stores: new Map(kept), services: new Map(world.services) };
      return Promise.resolve();
    },
    putBack: (_install, _plan, stores) => {
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
