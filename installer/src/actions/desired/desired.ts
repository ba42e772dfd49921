import { stringify } from "yaml";
import type { Plan } from "../../plan/model.ts";
import type { ComposeRendering } from "../../render/compose/compose-rendering.ts";
import { renderCompose } from "../../render/compose/render-compose.ts";
import type { Values } from "../../values/values.generated.ts";
import type { ActionPorts } from "../context.ts";
import { loadPlan, type PlanSources } from "./load-plan.ts";

/** What the values describe, ready to be compared with what is there. */
export interface Desired {
  readonly plan: Plan;
  readonly rendering: ComposeRendering;
  /** What the person said, merged, as it is recorded. */
  readonly valuesText: string;
  /** Absent in tests that bring a plan of their own. */
  readonly values?: Values;
  /** The value at a dotted path of the values. */
  readonly given: (path: string) => string | undefined;
}

/** First Engine API version with a faster health check while a container starts. */
const startIntervalSince = 44;

/**
 * Loads the values and makes plan and rendering of them.
 * @throws ValuesError, UsageError, RenderError; PreflightError when the engine does not answer and is asked
 */
export async function loadDesired(
  sources: PlanSources,
  ports: Pick<ActionPorts, "fs" | "assets" | "docker">,
  options: { readonly offline: boolean } = { offline: false },
): Promise<Desired> {
  const { plan, values } = await loadPlan(sources, ports);
  const apiVersion = options.offline ? undefined : (await ports.docker.version()).apiVersion;
  return {
    plan,
    rendering: renderCompose(plan, { startInterval: hasStartInterval(apiVersion) }),
    valuesText: stringify(values.given),
    values: values.values,
    given: (path) => valueAt(values.values, path),
  };
}

export function hasStartInterval(apiVersion: string | undefined): boolean {
  return apiVersion === undefined || Number(apiVersion.split(".")[1] ?? 0) >= startIntervalSince;
}

function valueAt(values: Values, path: string): string | undefined {
  let current: unknown = values;
  for (const key of path.split(".")) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Readonly<Record<string, unknown>>)[key];
  }
  return typeof current === "string" ? current : undefined;
}
