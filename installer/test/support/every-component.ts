import { componentDefinitions } from "../../src/plan/components/all.ts";
import type { Plan } from "../../src/plan/model.ts";
import { referenceProfiles } from "./compose-reference.ts";
import { infraValues, profilePlan } from "./infra-plan.ts";

/** Sections of components that a cluster cannot run yet. */
const onOneHostAlone = ["backup"];

/**
 * A plan in which every component runs that both targets can run, those too that run only where they are asked for, and applications have
 * names of their own; `oneHost` adds those that only one host can run.
 */
export function planOfEveryComponent(where?: "oneHost"): Plan {
  const values = new Map<string, unknown>(Object.entries(infraValues()));
  const keys = componentDefinitions
    .flatMap(({ section }) => section?.key ?? [])
    .filter((key) => where === "oneHost" || !onOneHostAlone.includes(key));
  const modes = keys.filter((key) => "mode" in (values.get(key) as object)).map((key) => `${key}.mode=embedded`);
  const names = ["domain=platform.example.org", "appsDomain=apps.example.org", "backup.directory=/mnt/backup"];
  return profilePlan(referenceProfiles().at(-1) ?? "", [...names, ...modes]);
}
