import { componentDefinitions } from "../../src/plan/components/all.ts";
import type { Plan } from "../../src/plan/model.ts";
import { referenceProfiles } from "./compose-reference.ts";
import { infraValues, profilePlan } from "./infra-plan.ts";

/**
 * A plan in which every component runs, those too that run only where they are asked for, and applications have names of their own. What a
 * person brings lies in a claim, with `oneHost` in a directory; then also what can be on one host alone is there.
 */
export function planOfEveryComponent(where?: "oneHost"): Plan {
  const values = new Map<string, unknown>(Object.entries(infraValues()));
  const keys = componentDefinitions.flatMap(({ section }) => section?.key ?? []);
  const modes = keys.filter((key) => "mode" in (values.get(key) as object)).map((key) => `${key}.mode=embedded`);
  const place = where === "oneHost" ? ["backup.directory=/mnt/backup", "backup.wal=true"] : ["backup.claim=backups"];
  const names = ["domain=platform.example.org", "appsDomain=apps.example.org", ...place];
  return profilePlan(referenceProfiles().at(-1) ?? "", [...names, ...modes]);
}
