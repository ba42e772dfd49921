import { LockedError, PreflightError } from "../../errors/installer-error.ts";
import type { Install } from "../../execute/state/install.ts";
import { registryCleaning } from "../../plan/components/registry.ts";
import type { Plan } from "../../plan/model.ts";
import {
  type Hold,
  type HoldPorts,
  heldUntil,
  holdAtGateway,
  type NoticePlace,
  noticePlaceOf,
  reachSeconds,
} from "../hold/hold-at-gateway.ts";

/** Clocks may be a minute off either way, notices are by steps of 100 s at both ends, and a program that is told to end may take 5 s. */
const spareSeconds = 330;

/**
 * Has the gateway answer pushes with "later" until they are released, or for so many seconds from when this resolves, and then a little.
 * Nothing renews it, so that what a killed run has left at work, which keeps the time itself, never outlives it.
 * @throws LockedError while pushes wait for a run that was killed; PreflightError where the gateway takes no notices; ApplyError naming a copy
 * of the gateway that does not hold
 */
export async function holdPushes(plan: Plan, install: Install, seconds: number, ports: HoldPorts): Promise<Hold> {
  const place = requireNotices(plan);
  await requireNoPushHeld(plan, install, ports);
  const held = {
    prefix: registryCleaning.notice,
    reason: "the registry is being cleaned",
    aheadSeconds: reachSeconds + seconds + spareSeconds,
    apartSeconds: 60,
    refusal: (copy: string, reason: string) => `people can still push through ${copy}: ${reason}; nothing was removed`,
  };
  return holdAtGateway(held, place, install, ports);
}

/**
 * Sees to it that no garbage collection goes on that outlived its run.
 * @throws LockedError
 */
export async function requireNoPushHeld(
  plan: Plan,
  install: Install,
  ports: Pick<HoldPorts, "target" | "clock">,
): Promise<void> {
  const place = noticePlaceOf(plan);
  if (place === undefined) return;
  const until = await heldUntil(registryCleaning.notice, place, install, ports);
  if (until === undefined) return;
  throw new LockedError("a housekeeping of the registry was killed, and what it started may still be at work", {
    hint: `run the same command again after ${until.toISOString()}: it has ended by then, and pushes wait no longer`,
  });
}

function requireNotices(plan: Plan): NoticePlace {
  const place = noticePlaceOf(plan);
  if (place !== undefined) return place;
  throw new PreflightError("the gateway of this platform cannot hold pushes", {
    hint: "slipway install has it learn to",
  });
}
