import type { Check } from "../../targets/check.ts";
import type { ActionPorts } from "../context.ts";
import { hostChecks } from "../preflight/checks/all.ts";
import { liveChecks } from "../preflight/checks/live.ts";
import type { Language } from "./languages.ts";

/** Every check there is on a target, of whatever occasion, with its words in a language; in English where it has none in that one. */
export async function checksIn(
  language: Language,
  { target }: Pick<ActionPorts, "target">,
): Promise<readonly Omit<Check, "run">[]> {
  const ofTarget = await target.checks();
  const preflight = [...ofTarget.preflight, ...hostChecks];
  const live = [...ofTarget.live, ...liveChecks];
  if (language === "en") return [...preflight, ...live];
  const { checksInChinese: own } = await import("../preflight/checks/in-chinese.ts");
  const words = await ofTarget.inChinese();
  return [
    ...preflight.map((check) => ({ ...check, ...own.preflight[check.id], ...words.preflight[check.id] })),
    ...live.map((check) => ({ ...check, ...own.live[check.id], ...words.live[check.id] })),
  ];
}
