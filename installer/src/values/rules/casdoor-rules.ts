import { resolveAddressing } from "../addressing.ts";
import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";

/** What Casdoor keeps for itself. */
export const casdoorRules: readonly Rule[] = [
  { reads: ["casdoor.organization"], check: checkOrganization },
  { reads: ["casdoor.mode", "domain", "ports", "tls.mode"], check: checkAddressLength },
];

/** Length of the columns in which it keeps the platform's address and root's e-mail address, and ends when one does not fit. */
const longestAddress = 100;

function checkOrganization({ casdoor }: Values): readonly Finding[] {
  if (casdoor.organization !== "built-in") return [];
  const wrong = "is Casdoor's own organization, whose members administer all others";
  return [wrongValue("casdoor.organization", casdoor.organization, wrong, "allowed is another name")];
}

/** The e-mail address `root@<domain>` is shorter than any address with a scheme. */
function checkAddressLength(values: Values): readonly Finding[] {
  if (values.casdoor.mode !== "embedded") return [];
  const { domain } = values;
  const { mainUrl } = resolveAddressing(values, []);
  const excess = mainUrl.length - longestAddress;
  if (excess <= 0) return [];
  const wrong = `makes an address of ${mainUrl.length} characters with scheme and port, of which Casdoor keeps ${longestAddress}`;
  const allowed = `allowed are at most ${domain.length - excess} characters here, or casdoor.mode external or off`;
  return [becauseOf(wrongValue("domain", domain, wrong, allowed), "casdoor.mode")];
}
