import { isLoopbackName } from "../host-names.ts";
import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";

/** What Temporal's web page cannot be without. */
export const temporalUiRules: readonly Rule[] = [
  { reads: ["domain", "temporalUi.mode", "casdoor.mode", "temporal.mode"], check: checkTemporalUi },
];

/** The page has no sign-in of its own, and finds Casdoor by its public name, which means something else inside a container when it is localhost. */
function checkTemporalUi({ domain, temporalUi, casdoor, temporal }: Values): readonly Finding[] {
  if (temporalUi.mode === "off") return [];
  const because =
    (...causes: readonly string[]) =>
    (allowed: string): Finding =>
      becauseOf(wrongValue("temporalUi.mode", temporalUi.mode, "cannot work here", allowed), ...causes);
  return [
    ...(casdoor.mode === "embedded"
      ? []
      : [because("casdoor.mode")("it needs casdoor.mode embedded to sign people in")]),
    ...(temporal.mode === "embedded" ? [] : [because("temporal.mode")("it needs temporal.mode embedded")]),
    ...(isLoopbackName(domain)
      ? [because("domain")("it needs a domain that containers reach too, not localhost")]
      : []),
  ];
}
