import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";

/** What the labelling pages cannot be without. */
export const labelStudioRules: readonly Rule[] = [
  { reads: ["labelStudio.mode", "dataflow.mode"], check: checkLabelStudio },
];

/** Nobody signs up there: people are led to it by the data processing, which tells it who they are. */
function checkLabelStudio({ labelStudio, dataflow }: Values): readonly Finding[] {
  if (labelStudio.mode === "off" || dataflow.mode !== "off") return [];
  const allowed = "it needs dataflow.mode embedded, which leads people to it";
  return [becauseOf(wrongValue("labelStudio.mode", labelStudio.mode, "cannot work alone", allowed), "dataflow.mode")];
}
