import type { Install } from "../../execute/state/install.ts";
import { type ImpossibleChange, storeId } from "../../render/rendering.ts";
import type { TargetRules } from "../../targets/target.ts";
import type { Desired } from "../desired/desired.ts";
import type { ObservedPlatform } from "./observe.ts";

/**
 * What the target cannot do to the data that is there; where there is none yet, everything can be done. Without a look at the target the
 * records tell what is there.
 */
export function impossibleIn(
  { plan: after, rendering }: Desired,
  install: Install,
  live: Pick<ObservedPlatform, "stores"> | undefined,
  target: Pick<TargetRules, "impossible">,
): readonly ImpossibleChange[] {
  // A first install that failed has made stores, too.
  const before = install.plan ?? install.pendingPlan;
  const there = live?.stores ?? new Set(install.applied.stores.map(storeId));
  const hasData = rendering.stores.some((store) => there.has(storeId(store)));
  return before === undefined || !hasData ? [] : target.impossible(before, after);
}
