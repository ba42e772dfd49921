import { editionReference, editions } from "../editions.ts";
import { isLoopbackName } from "../host-names.ts";
import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, valueAt, wrongValue } from "./rule.ts";

/** The only namespace of Temporal that the hub's programs know. */
const namespace = "default";

/** What a program of the hub cannot be without, `key` being its section of the values. */
export function hubRules(key: string): readonly Rule[] {
  const mode = `${key}.mode`;
  const reads = [mode, "edition", "server.mode", "domain", "casdoor.mode", "temporal.namespace"];
  return [{ reads, check: (values) => (valueAt(values, mode) === "off" ? [] : checkProgram(values, mode)) }];
}

/** An image of the hub's programs is of the edition that runs. */
export function editionImageRule(key: string): Rule {
  const path = `${key}.image`;
  return { reads: ["edition", path], check: (values) => checkImage(values, path) };
}

function checkImage(values: Values, path: string): readonly Finding[] {
  const reference = valueAt(values, path) as string;
  const wanted = editionReference(reference, values.edition);
  if (wanted === reference) return [];
  const allowed = `allowed is ${wanted}, or the image by its digest`;
  return [becauseOf(wrongValue(path, reference, `is not of the edition ${values.edition}`, allowed), "edition")];
}

function checkProgram(values: Values, mode: string): readonly Finding[] {
  const { server, domain, casdoor, temporal, edition } = values;
  if (mode !== "server.mode") {
    if (server.mode !== "off") return [];
    const allowed = "it needs server.mode embedded, or leave it out with mode off";
    return [becauseOf(wrongValue(mode, valueAt(values, mode), "cannot work alone", allowed), "server.mode")];
  }
  const found = (path: string, value: string, wrong: string, allowed: string): Finding =>
    becauseOf(wrongValue(path, value, wrong, allowed), mode);
  const inside = "means something else inside each container, where the hub uses it too";
  const reachable =
    "allowed are a host name or an IP address of this host that containers reach, for example hub.corp.example";
  const { alsoHas } = editions[edition];
  return [
    ...(alsoHas.length > 0
      ? [
          found(
            "edition",
            edition,
            `has programs that are closed (${alsoHas.join(", ")}), and none of them is here`,
            "allowed is ce",
          ),
        ]
      : []),
    ...(isLoopbackName(domain) ? [found("domain", domain, inside, reachable)] : []),
    ...(casdoor.mode === "off"
      ? [found("casdoor.mode", casdoor.mode, "leaves the hub without a sign-in", "allowed are embedded and external")]
      : []),
    ...(temporal.namespace === namespace
      ? []
      : [found("temporal.namespace", temporal.namespace, "is not where the hub looks", `allowed is ${namespace}`)]),
  ];
}
