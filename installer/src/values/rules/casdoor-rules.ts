import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { type Rule, wrongValue } from "./rule.ts";

/** What Casdoor keeps for itself. */
export const casdoorRules: readonly Rule[] = [{ reads: ["casdoor.organization"], check: checkOrganization }];

function checkOrganization({ casdoor }: Values): readonly Finding[] {
  if (casdoor.organization !== "built-in") return [];
  const wrong = "is Casdoor's own organization, whose members administer all others";
  return [wrongValue("casdoor.organization", casdoor.organization, wrong, "allowed is another name")];
}
