import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { type Rule, wrongValue } from "./rule.ts";

/** What Temporal cannot change or refuses. */
export const temporalRules: readonly Rule[] = [{ reads: ["temporal.historyShards"], check: checkHistoryShards }];

function checkHistoryShards({ temporal }: Values): readonly Finding[] {
  const { historyShards } = temporal;
  if (Number.isInteger(Math.log2(historyShards))) return [];
  const below = 2 ** Math.floor(Math.log2(historyShards));
  const allowed = `allowed is a power of two such as ${below} or ${below * 2}`;
  return [wrongValue("temporal.historyShards", historyShards, "is not a power of two", allowed)];
}
