import type { Problems } from "./oracles.ts";
import type { World } from "./world.ts";

/** One thing that goes wrong. */
export interface Fault {
  readonly kind: string;
  /** Lets it happen; gives where, and what was not as it should be meanwhile. */
  run(world: World): Promise<{ readonly what: string; readonly problems: Problems }>;
}
