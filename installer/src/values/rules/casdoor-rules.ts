import { resolveAddressing } from "../addressing.ts";
import { findHostNameFault, isIpv4, isLoopbackName } from "../host-names.ts";
import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";

/** The provider of the company's accounts. */
const section = "casdoor.provider";
const issuerPath = `${section}.issuer`;

/** What Casdoor keeps for itself, and whom it may be told of. */
export const casdoorRules: readonly Rule[] = [
  { reads: ["casdoor.organization"], check: checkOrganization },
  { reads: ["casdoor.mode", "domain", "ports", "tls.mode"], check: checkAddressLength },
  { reads: ["casdoor.mode", "casdoor.provider"], check: ifProvider(checkPlace) },
  { reads: ["casdoor.provider"], check: ifProvider(checkIssuer) },
  { reads: ["casdoor.provider"], check: ifProvider(checkClient) },
  { reads: ["casdoor.provider"], check: ifProvider(checkScopes) },
  { reads: ["casdoor.provider"], check: ifProvider(checkClaims) },
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

/** For a provider of the company's accounts, where one is named. */
function ifProvider(check: Rule["check"]): Rule["check"] {
  return (values) => (values.casdoor.provider.issuer === "" ? [] : check(values));
}

function checkPlace({ casdoor }: Values): readonly Finding[] {
  if (casdoor.mode === "embedded") return [];
  const wrong = "is nobody's: only a Casdoor that runs here is told of it";
  const allowed = "allowed is none, or casdoor.mode embedded; one elsewhere is told there";
  return [becauseOf(wrongValue(issuerPath, casdoor.provider.issuer, wrong, allowed), "casdoor.mode")];
}

function checkIssuer({ casdoor }: Values): readonly Finding[] {
  const { issuer } = casdoor.provider;
  const allowed = "allowed is an https URL with a name or address that containers reach";
  const url = URL.parse(issuer);
  if (url === null) return [wrongValue(issuerPath, issuer, "is not a URL that programs can read", allowed)];
  const fault = isIpv4(url.hostname) ? undefined : findHostNameFault(url.hostname);
  if (fault !== undefined) return [wrongValue(issuerPath, issuer, fault, allowed)];
  if (!isLoopbackName(url.hostname)) return [];
  return [wrongValue(issuerPath, issuer, "means the container itself when it is read inside a container", allowed)];
}

function checkClient({ casdoor }: Values): readonly Finding[] {
  const { clientId, clientSecret, clientSecretFile } = casdoor.provider;
  const missing = (key: string, message: string, cause: string): Finding => ({
    path: ["casdoor", "provider", key],
    message,
    causes: [cause],
  });
  const given = [clientSecret, clientSecretFile].filter((value) => value !== "").length;
  const lacking = "is empty and so is clientSecretFile, but casdoor.provider.issuer is given";
  return [
    ...(clientId === "" ? [missing("clientId", "is empty, but casdoor.provider.issuer is given", issuerPath)] : []),
    ...(given === 0 ? [missing("clientSecret", `${lacking}; give exactly one of the two`, issuerPath)] : []),
    ...(given === 2
      ? [
          missing(
            "clientSecret",
            "is given together with clientSecretFile, allowed is exactly one of the two",
            `${section}.clientSecretFile`,
          ),
        ]
      : []),
  ];
}

function checkScopes({ casdoor }: Values): readonly Finding[] {
  const { scopes } = casdoor.provider;
  if (scopes.split(" ").includes("openid")) return [];
  const wrong = "is not what an OpenID provider gives a person's claims for";
  return [wrongValue(`${section}.scopes`, scopes, wrong, "allowed are scopes with openid among them")];
}

/** Casdoor writes what it finds under its own names into the same object, in no order: a claim of such a name could be either. */
function checkClaims({ casdoor }: Values): readonly Finding[] {
  const { claims } = casdoor.provider;
  const fields = Object.keys(claims) as readonly (keyof typeof claims)[];
  return fields.flatMap((field) => {
    const other = fields.find((candidate) => candidate !== field && candidate === claims[field]);
    if (other === undefined || claims[other] === claims[field]) return [];
    const path = `${section}.claims.${field}`;
    const wrong = `is what Casdoor itself calls the ${other}, which comes from another claim`;
    return [
      becauseOf(
        wrongValue(path, claims[field], wrong, "allowed is a claim of another name"),
        `${section}.claims.${other}`,
      ),
    ];
  });
}
