import { stringify } from "yaml";
import type { Plan } from "../../plan/model.ts";
import type { Rendering } from "../../render/rendering.ts";
import type { Target, TargetFacts } from "../../targets/target.ts";
import type { Values } from "../../values/values.generated.ts";
import type { ActionPorts } from "../context.ts";
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
}

export type DesirePorts = Pick<ActionPorts, "fs" | "assets"> & {
  /** One that cannot be asked for its facts is rendered for as if it were of the newest version. */
  readonly target: Pick<Target, "render"> & Partial<Pick<Target, "facts">>;
};

/** Makes what is desired of inputs that were read once, as often as a run learns something. */
export type Desire = (change?: PlanChange) => Promise<Desired>;

/**
 * Reads values and asks the target what the renderer may use.
 * @throws UsageError, PreflightError when the target does not answer and is asked; what the function it returns throws: ValuesError, UsageError, RenderError
 */
export async function openDesire(sources: PlanSources, ports: DesirePorts): Promise<Desire> {
  const inputs = await readPlanInputs(sources, ports);
  // Wrong values are told before the target is asked.
  const first = planOf(inputs, ports.assets);
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
    given: (path) => valueAt(values.values, path),
  };
}

function valueAt(values: Values, path: string): string | undefined {
  let current: unknown = values;
  for (const key of path.split(".")) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Readonly<Record<string, unknown>>)[key];
  }
  return typeof current === "string" ? current : undefined;
}
