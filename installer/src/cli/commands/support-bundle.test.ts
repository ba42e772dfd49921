import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RedactionError } from "../../errors/installer-error.ts";
import { apiVersion, cli, folder, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

describe("support-bundle", () => {
  const file = { path: "logs/app/app.log", collector: "logs", bytes: 2048, sha256: "00", cutBytes: 0 };
  const result = {
    ...{ apiVersion, kind: "SupportBundleResult" as const, name: "slipway", since: "24h" },
    files: [{ ...file, redactions: { secret: 2, jwt: 1 } }],
    missed: [{ collector: "logs", subject: "web", reason: "the engine does not answer" }],
    ...{ leftOut: [], secretsKnown: 91, secretsMissing: [] },
  };

  it("says where the file is, what is missing, and how to look into it", async () => {
    const run = await cli("support-bundle -o a.tar.gz --since 2h --without doctor", {
      supportBundle: () => Promise.resolve({ ...result, path: "/w/a.tar.gz", bytes: 3_000_000 }),
    });

    expect(run.status).toBe(0);
    expect(run.requests["supportBundle"]?.[0]).toMatchObject({
      ...{ out: join(folder, "a.tar.gz"), folder, since: "2h", without: ["doctor"] },
      ...{ force: false, listOnly: false, dryRun: false },
    });
    expect(run.stdout()).toContain("missing logs, web: the engine does not answer\n");
    expect(run.stdout()).toContain("1 files; taken out in 3 places");
    expect(run.stdout()).toContain("wrote /w/a.tar.gz");
    expect(run.stdout()).toContain("nothing was sent anywhere");
    expect(run.stdout()).toContain("tar -tzf /w/a.tar.gz\n");
  });

  it("names every file with --dry-run, and that nothing was written", async () => {
    const run = await cli("support-bundle --dry-run", { supportBundle: () => Promise.resolve(result) });

    expect(run.requests["supportBundle"]?.[0]).not.toHaveProperty("out");
    expect(run.stdout()).toContain("  logs/app/app.log\n");
    expect(run.stdout()).toMatch(/nothing was written\n$/);
  });

  it("prints what --json promises", async () => {
    const run = await cli("support-bundle --json", { supportBundle: () => Promise.resolve(result) });

    expect(JSON.parse(run.stdout())).toEqual(result);
  });

  it("lists the collectors", async () => {
    const collectors = [{ id: "logs" as const, holds: "log lines", why: "they tell" }];
    const list = { apiVersion, kind: "CollectorList" as const, collectors };
    const run = await cli("support-bundle --list", { supportBundle: () => Promise.resolve(list) });

    expect(run.stdout()).toBe("COLLECTOR  HOLDS      WHY\nlogs       log lines  they tell\n");
  });

  it("ends with 9 where a secret was left", async () => {
    const run = await cli("support-bundle", {
      supportBundle: () => Promise.reject(new RedactionError("it still held secrets")),
    });

    expect(run.status).toBe(9);
  });
});
