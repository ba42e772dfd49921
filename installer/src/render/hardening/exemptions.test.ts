import { describe, expect, it } from "vitest";
import { judgeFindings, type HardeningExemption } from "./exemptions.ts";
import { hardeningExemptions } from "./hardening-exemptions.ts";
import type { HardeningFinding } from "./hardening-input.ts";
import { hardeningPage } from "./hardening-page.ts";
import { hardeningRules } from "./hardening-rules.ts";

const finding: HardeningFinding = { rule: "S10", target: "compose", where: "casdoor", message: "has no digest" };
const exemption: HardeningExemption = {
  rule: "S10",
  target: "both",
  where: /^casdoor$/,
  reason: "third-party",
  owner: "images",
  expires: "2027-01-31",
};

describe("judgeFindings", () => {
  it("reports what no exemption covers", () => {
    expect(judgeFindings([finding], [], "2026-11-21").violations).toEqual(["S10 compose casdoor: has no digest"]);
  });

  it("keeps an exempted finding with its reason", () => {
    const judged = judgeFindings([finding], [exemption], "2027-01-31");

    expect(judged).toEqual({ violations: [], exempted: [{ finding, exemption }] });
  });

  it.each([
    ["another rule", { rule: "S11" }],
    ["another target", { target: "helm" }],
    ["another place", { where: /^redis$/ }],
  ])("does not stretch an exemption to %s", (_what, change) => {
    const judged = judgeFindings([finding], [{ ...exemption, ...change } as HardeningExemption], "2026-11-21");

    expect(judged.violations).toHaveLength(2);
  });

  it("lets an exemption run out", () => {
    const { violations } = judgeFindings([finding], [exemption], "2027-02-01");

    expect(violations).toEqual([
      "S10 compose casdoor: has no digest",
      "the exemption from S10 for /^casdoor$/ on both has run out on 2027-01-31",
    ]);
  });

  it("refuses an exemption that nothing needs", () => {
    expect(judgeFindings([], [exemption], "2026-11-21").violations).toEqual([
      "the exemption from S10 for /^casdoor$/ on both is not needed by anything",
    ]);
  });
});

describe("the rules and exemptions", () => {
  it("are the 36 rules, in order", () => {
    expect(hardeningRules.map((rule) => rule.id)).toEqual(
      Array.from({ length: 36 }, (_, index) => `S${String(index + 1).padStart(2, "0")}`),
    );
  });

  it("have a reason, an owner and a day each", () => {
    for (const row of hardeningExemptions) {
      expect(row.reason.length).toBeGreaterThan(20);
      expect(row.owner).toMatch(/^[a-z]+$/);
      expect(row.expires).toMatch(/^20\d\d-\d\d-\d\d$/);
    }
  });

  it("are each proved somewhere", () => {
    const rows = hardeningPage()
      .split("\n")
      .filter((line) => /^\| S\d\d \|(?:[^|]*\|){4}$/.test(line));

    expect(rows).toHaveLength(36);
    expect(rows.filter((row) => row.endsWith("|  |  |  |"))).toEqual([]);
  });
});
