import { DataExpectedError } from "../../errors/installer-error.ts";
import type { Install } from "../../execute/state/install.ts";
import { storeId } from "../../render/rendering.ts";
import type { LivePlatform } from "../../targets/live-platform.ts";
import type { Desired } from "../desired/desired.ts";

/**
 * Stores of an install whose state is gone: with new passwords their data could not be opened.
 * @throws DataExpectedError naming them
 */
export function requireNoForeignStores(desired: Desired, { name, stateDir }: Install, live: LivePlatform): void {
  const foreign = desired.rendering.stores.flatMap((store) => {
    const found = live.stores.get(storeId(store));
    return found === undefined || found.ours ? [] : [found.place];
  });
  if (foreign.length === 0) return;
  throw new DataExpectedError(`volumes of another install named ${name} exist, and its state is not in ${stateDir}`, {
    details: foreign,
    hint: "use the --state-dir of that install, choose another --name, or remove the volumes when nobody needs their data",
  });
}
