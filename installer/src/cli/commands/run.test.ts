import { describe, expect, it } from "vitest";
import { cli, apiVersion, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const result = { apiVersion, kind: "RunJobResult" as const, name: "slipway", job: "prepare", dryRun: false, ms: 3 };

describe("run", () => {
  it.each([
    [["set client secret of application CSGHub"], "done: prepare\n  set client secret of application CSGHub\n"],
    [[], "nothing to do for prepare: already so\n"],
    [undefined, "done: prepare\n"],
  ])("prints what the job set right: %j", async (changes, text) => {
    const told = { ...result, ...(changes === undefined ? {} : { changes }) };

    const run = await cli("run prepare", { runJob: () => Promise.resolve(told) });

    expect(run.status).toBe(0);
    expect(run.requests["runJob"]?.[0]).toMatchObject({ name: "slipway", job: "prepare" });
    expect(run.stdout()).toBe(text);
  });

  it("prints what it would do on a dry run, and what it leaves, as plain text whatever stands in it", async () => {
    const told = { ...result, dryRun: true, changes: ["set \u001b[31mx\n"], notes: ["keeps \u0007y"] };

    const run = await cli("run prepare --dry-run", { runJob: () => Promise.resolve(told) });

    expect(run.requests["runJob"]?.[0]).toMatchObject({ job: "prepare", dryRun: true });
    expect(run.stdout()).toBe("would be done: prepare\n  set x \nkeeps  y\n");
  });
});
