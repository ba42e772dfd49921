import type { Install } from "../../execute/state/install.ts";
import type { Plan } from "../../plan/model.ts";
import { type Held, type Hold, holdAtGateway, type HoldPorts, noticePlaceOf } from "../hold/hold-at-gateway.ts";

/** So long at most in all: then people may delete again, and the backup tells what it could not copy. */
const longestSeconds = 1800;
const aheadSeconds = 300;

const deletes: Held = {
  prefix: "hold-",
  reason: "a backup is being made",
  aheadSeconds,
  apartSeconds: aheadSeconds,
  renewed: {
    longestSeconds,
    over: `people may delete again: the backup takes longer than ${longestSeconds / 60} minutes`,
    failed: "deletes are not held any more",
  },
  refusal: (copy, reason) => `people can still delete through ${copy}: ${reason}; nothing was copied`,
};

/**
 * Has the gateway answer deletes with "later" until it is released. A platform whose gateway takes no notices goes on without.
 * @throws ApplyError naming a copy of the gateway that does not; nothing waits any more
 */
export async function holdDeletes(plan: Plan, install: Install, ports: HoldPorts): Promise<Pick<Hold, "release">> {
  const place = noticePlaceOf(plan);
  if (place === undefined) return { release: () => Promise.resolve(0) };
  return holdAtGateway(deletes, place, install, ports);
}
