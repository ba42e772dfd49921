import { describe, expect, it } from "vitest";
import { cli, apiVersion, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

describe("doctor", () => {
  const report = { apiVersion, kind: "DoctorResult" as const, name: "slipway", checks: 2, failures: 1, warnings: 1 };
  const findings = [
    { id: "b.warns", severity: "warning" as const, message: "old", remedy: "renew" },
    { id: "a.fails", severity: "failure" as const, message: "bad", remedy: "mend", component: "redis" },
  ];

  it("shows failures first, each with its remedy, and ends with 4", async () => {
    const run = await cli("doctor --strict", { doctor: () => Promise.resolve({ ...report, ok: false, findings }) });

    expect(run.status).toBe(4);
    expect(run.requests["doctor"]?.[0]).toMatchObject({ strict: true, listOnly: false });
    expect(run.stdout()).toBe(
      "failure [a.fails] redis: bad\n    mend\nwarning [b.warns] old\n    renew\n2 checks: 1 failure, 1 warning\n",
    );
  });

  it("names every check with --list --json", async () => {
    const check = { id: "a.b", title: "t", why: "w", severity: "failure" as const, live: false };
    const run = await cli("doctor --list --json", {
      doctor: () => Promise.resolve({ apiVersion, kind: "CheckList", checks: [check] }),
    });

    expect(run.status).toBe(0);
    expect(JSON.parse(run.stdout())).toMatchObject({ kind: "CheckList", checks: [check] });
  });
});
