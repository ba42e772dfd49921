import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";

/** Names of applications need somebody who knows what is behind them. */
export const rproxyRules: readonly Rule[] = [{ reads: ["appsDomain", "rproxy.mode"], check: checkAppsDomain }];

function checkAppsDomain({ appsDomain, rproxy }: Values): readonly Finding[] {
  if (appsDomain === "" || rproxy.mode !== "off") return [];
  const allowed = "it needs rproxy.mode embedded, or leave it empty";
  return [becauseOf(wrongValue("appsDomain", appsDomain, "leads nowhere", allowed), "rproxy.mode")];
}
