import { isLoopbackName } from "../host-names.ts";
import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, valueAt, wrongValue } from "./rule.ts";

/** The only namespace of Temporal that the hub's programs know. */
const namespace = "default";

/** What a program of the hub cannot be without, `key` being its section of the values. */
export function hubRules(key: string): readonly Rule[] {
  const mode = `${key}.mode`;
  const reads = [mode, "server.mode", "domain", "casdoor.mode", "temporal.namespace"];
  return [{ reads, check: (values) => (valueAt(values, mode) === "off" ? [] : checkProgram(values, mode)) }];
}

function checkProgram(values: Values, mode: string): readonly Finding[] {
  const { server, domain, casdoor, temporal } = values;
  if (mode !== "server.mode") {
    if (server.mode !== "off") return [];
    const allowed = "it needs server.mode embedded, or leave it out with mode off";
    return [becauseOf(wrongValue(mode, valueAt(values, mode), "cannot work alone", allowed), "server.mode")];
  }
  return [
    ...(isLoopbackName(domain)
      ? [
          becauseOf(
            wrongValue(
              "domain",
              domain,
              "means something else inside each container, where the hub uses it too",
              "allowed are a host name or an IP address of this host that containers reach",
            ),
            mode,
          ),
        ]
      : []),
    ...(casdoor.mode === "off"
      ? [
          becauseOf(
            wrongValue(
              "casdoor.mode",
              casdoor.mode,
              "leaves the hub without a sign-in",
              "allowed are embedded and external",
            ),
            mode,
          ),
        ]
      : []),
    ...(temporal.namespace === namespace
      ? []
      : [
          becauseOf(
            wrongValue(
              "temporal.namespace",
              temporal.namespace,
              "is not where the hub looks",
              `allowed is ${namespace}`,
            ),
            mode,
          ),
        ]),
  ];
}
