import type { Revision } from "../../execute/history/revisions.ts";
import type { ActionPorts, InstallTarget } from "../context.ts";
import { recordedValues } from "../context.ts";
import { type Desired, givenIn } from "./desired.ts";
import { readPlanInputs, readProfile, valuesOf } from "./load-plan.ts";

/**
 * What an install was at a revision, to be applied again: the plan that was recorded, rendered anew, and the values that it was made of.
 * @throws ValuesError where values of that time are none any more; PreflightError when the target does not answer
 */
export async function desiredAt(revision: Revision, place: InstallTarget, ports: ActionPorts): Promise<Desired> {
  const { plan, values: text } = revision;
  const { profile } = plan.install;
  const inputs = await readPlanInputs({ ...place, values: { ...recordedValues, profile } }, ports);
  const files = [{ name: `revision ${revision.revision}`, text }];
  const { values } = valuesOf({ ...inputs, profileValues: readProfile(profile, ports.assets), files });
  ports.target.accept?.(plan);
  return {
    plan,
    rendering: await ports.target.render(plan, await ports.target.facts()),
    valuesText: text,
    values,
    given: givenIn(values),
    // They come from no file that could be looked at again.
    valuesFiles: [],
  };
}
