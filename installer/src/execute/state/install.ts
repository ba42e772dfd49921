import { PreflightError } from "../../errors/installer-error.ts";
import type { Plan } from "../../plan/model.ts";
import type { FileSystem } from "../../platform/ports.ts";
import { type StateLayout, stateLayout } from "./layout.ts";
import type { Applied, Identity } from "./records.ts";
import { readApplied, readIdentity, readPlan, readRecordedPlan } from "./state-store.ts";

/** An install as its records tell, read once and handed down. */
export interface Install {
  readonly name: string;
  readonly stateDir: string;
  readonly layout: StateLayout;
  /** Absent before the first install. */
  readonly identity: Identity | undefined;
  readonly applied: Applied;
  /** The plan of the last complete install. */
  readonly plan: Plan | undefined;
  /** The plan of a change that was begun and is not complete. */
  readonly pendingPlan: Plan | undefined;
}

/**
 * Reads the records of an install; nothing is written, and there need be none.
 * @throws PreflightError when one is damaged or of a newer version
 */
export async function openInstall(
  place: { readonly name: string; readonly stateDir: string },
  fs: Pick<FileSystem, "readTextIfPresent">,
): Promise<Install> {
  const layout = stateLayout(place.stateDir);
  const [identity, applied, plan, pending] = await Promise.all([
    readIdentity(fs, layout),
    readApplied(fs, layout),
    readRecordedPlan(fs, layout),
    readPlan(fs, layout.pendingPlan),
  ]);
  const { name, stateDir } = place;
  // The record says whether the change is still open: a plan that a killed run left behind it says nothing.
  return { name, stateDir, layout, identity, applied, plan, pendingPlan: applied.change && pending };
}

/** The plan that describes what is there: of a change under way, else of the last complete one. */
export function planOfInstall({ plan, pendingPlan }: Install): Plan | undefined {
  return pendingPlan ?? plan;
}

/**
 * The plan of an install that is there.
 * @throws PreflightError when nothing is installed
 */
export function requireInstalled(install: Install): Plan {
  const plan = planOfInstall(install);
  if (plan !== undefined) return plan;
  throw new PreflightError(`nothing is installed under the name ${install.name}`, { hint: "slipway install" });
}
