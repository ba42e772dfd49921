import { stringify } from "yaml";
import type { Plan } from "../../plan/model.ts";
import type { Rendering } from "../../render/rendering.ts";
import type { Target, TargetFacts } from "../../targets/target.ts";
import type { Values } from "../../values/values.generated.ts";
import { valueAt } from "../../values/sourced-value.ts";
import type { ValuesFile } from "../../execute/state/records.ts";
import type { FilePorts } from "../context.ts";
import { type ReturnedValue, returnedValues } from "./returned-values.ts";
import { fingerprintsOf } from "./values-files.ts";
import { type LoadedPlan, type PlanChange, planOf, type PlanSources, readPlanInputs } from "./load-plan.ts";

/** What the values describe, ready to be compared with what is there. */
export interface Desired {
  readonly plan: Plan;
  readonly rendering: Rendering;
  /** What the person said, merged, as it is recorded. */
  readonly valuesText: string;
  /** Absent in tests that bring a plan of their own. */
  readonly values?: Values;
  /** The value at a dotted path of the values. */
  readonly given: (path: string) => string | undefined;
  /** Recorded values that nothing gives any more. */
  readonly returned?: readonly ReturnedValue[];
  /** The files that the values were taken from; undefined where they are the recorded ones. */
  readonly valuesFiles?: readonly ValuesFile[] | undefined;
}

export type DesirePorts = FilePorts & {
  /** One that cannot be asked for its facts is rendered for as if it were of the newest version. */
  readonly target: Pick<Target, "render" | "accept"> & Partial<Pick<Target, "facts">>;
};

/** Makes what is desired of inputs that were read once, as often as a run learns something. */
export type Desire = (change?: PlanChange) => Promise<Desired>;

/**
 * Reads values and asks the target what the renderer may use.
 * @throws UsageError, PreflightError when the target does not answer and is asked; what the function it returns throws: ValuesError, UsageError, RenderError
 */
export async function openDesire(sources: PlanSources, ports: DesirePorts): Promise<Desire> {
  const inputs = await readPlanInputs(sources, ports);
  // Wrong values, and what no target of the kind can do, are told before the target is asked.
  const first = planOf(inputs, ports.assets);
  ports.target.accept?.(first.plan);
  const facts = await ports.target.facts?.();
  return (change) =>
    desiredOf(change === undefined ? first : planOf(inputs, ports.assets, change), facts, ports.target);
}

/**
 * Loads the values and makes plan and rendering of them.
 * @throws as `openDesire`
 */
export async function loadDesired(sources: PlanSources, ports: DesirePorts): Promise<Desired> {
  return (await openDesire(sources, ports))();
}

async function desiredOf(
  { plan, values }: LoadedPlan,
  facts: TargetFacts | undefined,
  target: DesirePorts["target"],
): Promise<Desired> {
  return {
    plan,
    rendering: await target.render(plan, facts),
    // Only what is installed is recorded: a plan does not wait for the package that writes it.
    get valuesText() {
      return stringify(values.given);
    },
    values: values.values,
    given: givenIn(values.values),
    get returned() {
      return values.replaced === undefined ? [] : returnedValues(values.replaced, values);
    },
    get valuesFiles() {
      return values.files === undefined ? undefined : fingerprintsOf(values.files);
    },
  };
}

/** The value at a dotted path, where it is a text. */
export function givenIn(values: Values): Desired["given"] {
  return (path) => {
    const value = valueAt(values, path.split("."));
    return typeof value === "string" ? value : undefined;
  };
}
