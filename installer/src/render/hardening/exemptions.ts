import type { HardeningFinding, RuleId } from "./hardening-input.ts";

/** A rule that may be broken at a place, for a reason, until a day. */
export interface HardeningExemption {
  readonly rule: RuleId;
  readonly target: "compose" | "helm" | "both";
  /** Matches the place of the finding. */
  readonly where: RegExp;
  readonly reason: string;
  readonly owner: string;
  /** The last day it holds, as `2027-06-30`. */
  readonly expires: string;
}

export interface JudgedFindings {
  /** Findings that no exemption covers, and exemptions that cover nothing or have run out, in words. */
  readonly violations: readonly string[];
  readonly exempted: readonly { readonly finding: HardeningFinding; readonly exemption: HardeningExemption }[];
}

/** Sorts findings into violations and exempted ones. An exemption that is out of date, or that nothing needs, is itself a violation. */
export function judgeFindings(
  findings: readonly HardeningFinding[],
  exemptions: readonly HardeningExemption[],
  today: string,
): JudgedFindings {
  const valid = exemptions.filter((exemption) => today <= exemption.expires);
  const judged = findings.map((finding) => ({
    finding,
    exemption: valid.find((exemption) => covers(exemption, finding)),
  }));
  const used = new Set(judged.map(({ exemption }) => exemption));
  return {
    violations: [
      ...judged.flatMap(({ finding, exemption }) => (exemption === undefined ? [findingText(finding)] : [])),
      ...exemptions.flatMap((exemption) => {
        if (!valid.includes(exemption)) return [`${exemptionText(exemption)} has run out on ${exemption.expires}`];
        return used.has(exemption) ? [] : [`${exemptionText(exemption)} is not needed by anything`];
      }),
    ],
    exempted: judged.flatMap(({ finding, exemption }) => (exemption === undefined ? [] : [{ finding, exemption }])),
  };
}

function covers(exemption: HardeningExemption, finding: HardeningFinding): boolean {
  const onTarget = exemption.target === "both" || exemption.target === finding.target;
  return exemption.rule === finding.rule && onTarget && exemption.where.test(finding.where);
}

function findingText({ rule, target, where, message }: HardeningFinding): string {
  return `${rule} ${target} ${where}: ${message}`;
}

function exemptionText({ rule, target, where }: HardeningExemption): string {
  return `the exemption from ${rule} for ${String(where)} on ${target}`;
}
