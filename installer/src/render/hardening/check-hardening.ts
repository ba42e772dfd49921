import { compareText } from "../../language/compare-text.ts";
import { readComposeSubject } from "./compose-document.ts";
import { composeRules } from "./compose-rules.ts";
import { type ConfigText, configRules } from "./config-rules.ts";
import type { HardeningFinding, HardeningInput, Problem, RuleId, Rules } from "./hardening-input.ts";
import { readHelmSubject } from "./helm-objects.ts";
import { helmObjectRules } from "./helm-object-rules.ts";
import { helmPodRules } from "./helm-pod-rules.ts";

/** Every hardening rule that rendered output breaks, exemptions not yet considered; ordered by rule and place. */
export function checkHardening(input: HardeningInput): readonly HardeningFinding[] {
  const found = input.target === "compose" ? checkCompose(input.files) : checkHelm(input);
  return found
    .map(([rule, problem]) => ({ rule, target: input.target, ...problem }))
    .toSorted((a, b) => compareText(a.rule, b.rule) || compareText(a.where, b.where));
}

type Found = readonly (readonly [RuleId, Problem])[];

function checkCompose(files: Extract<HardeningInput, { target: "compose" }>["files"]): Found {
  const subject = readComposeSubject(files);
  return [...apply(composeRules, subject), ...applyConfigs(subject.configs)];
}

function checkHelm({ objects, secrets }: Extract<HardeningInput, { target: "helm" }>): Found {
  const subject = readHelmSubject(objects, secrets);
  return [...apply(helmPodRules, subject), ...apply(helmObjectRules, subject), ...applyConfigs(subject.configs)];
}

function applyConfigs(configs: readonly ConfigText[]): Found {
  return apply(configRules, configs);
}

function apply<T>(rules: Rules<T>, subject: T): Found {
  return (Object.keys(rules) as RuleId[]).flatMap((rule) =>
    (rules[rule]?.(subject) ?? []).map((problem) => [rule, problem] as const),
  );
}
