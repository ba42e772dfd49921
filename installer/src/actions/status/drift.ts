import { openInstall } from "../../execute/state/install.ts";
import type { ImpossibleChange } from "../../render/rendering.ts";
import { type InstallTarget, recordedValues, type ResultHead } from "../context.ts";
import { loadDesired } from "../desired/desired.ts";
import type { FoundInside } from "../plan/find-drift.ts";
import { type Change, planLive, type PlanPorts } from "../plan/plan.ts";
import { requireInstalledHere } from "./elsewhere.ts";

export interface DriftResult extends ResultHead<"DriftResult">, FoundInside {
  readonly name: string;
  /** Something is not as it was installed. What people made inside services is none of it. */
  readonly drifted: boolean;
  /** What an install would do about it. */
  readonly changes: readonly Change[];
  /** What no install can put right, such as a secret that is gone. */
  readonly impossible: readonly ImpossibleChange[];
}

/**
 * Compares the recorded values, rendered as this program does it, with what runs, and asks inside services what was changed there.
 * Nothing is changed.
 * @throws PreflightError when nothing is installed, or the target does not answer
 */
export async function drift(
  request: InstallTarget,
  ports: PlanPorts,
  load: typeof loadDesired = loadDesired,
): Promise<DriftResult> {
  const install = await openInstall(request, ports.fs);
  await requireInstalledHere(install, ports);
  const { name, stateDir } = request;
  const desired = await load({ name, stateDir, values: recordedValues }, ports);
  const planned = await planLive(desired, install, ports);
  const changes = planned.changes.filter(({ action }) => action !== "unchanged");
  const { drift: inside, noted, impossible } = planned;
  return {
    apiVersion: "slipway/v1",
    kind: "DriftResult",
    name,
    drifted: changes.length + inside.length + impossible.length > 0,
    changes,
    impossible,
    drift: inside,
    noted,
  };
}
