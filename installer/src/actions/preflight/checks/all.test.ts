import { describe, expect, it } from "vitest";
import { fakeContext } from "../../../../test/support/fake-check-context.ts";
import { runChecks } from "../run-checks.ts";
import { composeLive } from "../../../targets/compose/checks/all.ts";
import { liveChecks } from "./live.ts";
import { preflightChecks } from "./testing/findings.ts";

describe("all checks", () => {
  it("have different names, and say what and why", () => {
    const checks = [...preflightChecks, ...composeLive, ...liveChecks];

    expect(new Set(checks.map((check) => check.id)).size).toBe(checks.length);
    for (const check of checks)
      expect(`${check.id} ${check.title} ${check.why}`).toMatch(/^[a-z-]+\.[a-z-]+ .{10,} .{10,}/);
  });

  it("are at least 60 on one host", () => {
    expect([...preflightChecks, ...composeLive, ...liveChecks].length).toBeGreaterThanOrEqual(60);
  });

  it("find nothing on a host that is ready", async () => {
    const report = await runChecks(preflightChecks, fakeContext());

    expect(report.findings.filter((finding) => finding.severity !== "ok")).toEqual([]);
    expect(report.checks).toBe(preflightChecks.length);
  });

  it("that break are a failure of their own and stop no other", async () => {
    const broken = { ...preflightChecks[0]!, id: "a.breaks", run: () => Promise.reject(new Error("boom")) };
    const fine = { ...preflightChecks[0]!, id: "b.works", run: () => [] };
    const report = await runChecks([broken, fine], fakeContext());

    expect(report.findings).toMatchObject([
      { id: "a.breaks", severity: "failure", message: "the check itself failed: boom" },
      { id: "b.works", severity: "ok" },
    ]);
  });

  it("are never graver than they say", async () => {
    const mild = {
      ...preflightChecks[0]!,
      severity: "warning" as const,
      run: () => [{ severity: "failure" as const, message: "m", remedy: "r" }],
    };
    const report = await runChecks([mild], fakeContext());

    expect(report.findings[0]?.severity).toBe("warning");
  });
});
