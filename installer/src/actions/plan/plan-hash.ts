import { hashOf } from "../../execute/digest.ts";
import type { Desired } from "../desired/desired.ts";
import type { ObservedPlatform } from "./observe.ts";

/** Fewer digits could be those of another plan. */
export const shortestPlanHash = 12;
const shownDigits = 16;

/** The first digits of a plan's hash, for people: what `--plan-hash` takes too. */
export function shortPlanHash(hash: string): string {
  return hash.slice(0, shownDigits);
}

/** Whether the digits a person gave are those the hash of the plan begins with. */
export function isPlanHash(given: string, hash: string): boolean {
  return given === hash || (given.length >= shortestPlanHash && hash.startsWith(given.toLowerCase()));
}

/** What `plan` prints and `install --plan-hash` insists on: the plan, the images behind it, and the state it was computed against. */
export function planHashOf({ plan, rendering }: Desired, live: ObservedPlatform | undefined): string {
  const units = rendering.units.map((unit) => [unit.id, unit.specHash]);
  const images = live && [...live.imageIds].sort(([a], [b]) => (a < b ? -1 : 1));
  const secrets = live?.secrets.map(({ secret, state }) => [secret, state]) ?? [];
  const differing = secrets.length === 0 ? {} : { secrets };
  return hashOf({ plan, units, images: images ?? null, state: live?.trace ?? null, ...differing });
}
