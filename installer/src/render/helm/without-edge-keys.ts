import type { Plan } from "../../plan/model.ts";
import { isSecretSlot } from "../../plan/text.ts";

/** The plan for a gateway that exchanges no keys: whoever holds one for the gateway alone holds the one that the service behind knows. */
export function withoutEdgeKeys(plan: Plan): Plan {
  if (plan.edgeKeys.length === 0) return plan;
  const real = new Map(plan.edgeKeys.map(({ shown, becomes }) => [shown, becomes]));
  const exchange = (value: unknown): unknown => {
    if (isSecretSlot(value)) return { ...value, name: real.get(value.name) ?? value.name };
    if (Array.isArray(value)) return value.map(exchange);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, exchange(item)]));
  };
  return {
    ...plan,
    components: exchange(plan.components) as Plan["components"],
    jobs: exchange(plan.jobs) as Plan["jobs"],
    edgeKeys: [],
  };
}
