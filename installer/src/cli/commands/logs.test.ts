import { describe, expect, it } from "vitest";
import type { Engine } from "../../engine/engine.ts";
import { cli, apiVersion, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

describe("logs", () => {
  const logs: Partial<Engine> = {
    logs: (request) => {
      request.onLine("redis", "ready");
      return Promise.resolve({ apiVersion, kind: "LogsResult", lines: 1, components: ["redis"] });
    },
  };

  it("prints the lines of one component as they are, of several with their component", async () => {
    const one = await cli("logs redis --tail 5 --since 10m --follow", logs);
    const all = await cli("logs", logs);

    expect(one.stdout()).toBe("ready\n");
    expect(one.requests["logs"]?.[0]).toMatchObject({ components: ["redis"], tail: 5, since: "10m", follow: true });
    expect(all.stdout()).toBe("redis | ready\n");
  });

  it("refuses a time nobody can read", async () => {
    const run = await cli("logs --since yesterday", logs);

    expect(run.status).toBe(2);
    expect(run.stderr()).toContain("10m, 2h or 2026-11-21T10:00:00Z");
  });

  it("prints one object a line with --json", async () => {
    const run = await cli("logs --json", logs);

    expect(JSON.parse(run.stdout())).toEqual({
      apiVersion,
      kind: "LogLine",
      component: "redis",
      line: "ready",
    });
  });
});
