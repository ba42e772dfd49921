import { componentDefinitions } from "../../installer/src/plan/components/all.ts";
import type { Plan } from "../../installer/src/plan/model.ts";
import { referenceProfiles } from "../../installer/test/support/compose-reference.ts";
import { infraValues, profilePlan } from "../../installer/test/support/infra-plan.ts";

/** A plan in which every component runs, those too that run only where they are asked for. */
export function planOfEveryComponent(): Plan {
  const values = new Map<string, unknown>(Object.entries(infraValues()));
  const keys = componentDefinitions.flatMap(({ section }) => section?.key ?? []);
  const sets = keys.filter((key) => "mode" in (values.get(key) as object)).map((key) => `${key}.mode=embedded`);
  return profilePlan(referenceProfiles().at(-1) ?? "", ["domain=platform.example.org", ...sets]);
}
