import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Engine } from "../../engine/engine.ts";
import { folder, cli, apiVersion, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

describe("init", () => {
  const init: Partial<Engine> = {
    init: (request) =>
      Promise.resolve({ apiVersion, kind: "InitResult", path: request.out, profile: "infra", given: {} }),
  };

  it.each(["--yes", "--profile infra", "--set a=1", "--without casdoor"])("asks nothing with %s", async (flag) => {
    const run = await cli(`init ${flag}`, init);

    expect(run.status).toBe(0);
    expect(run.requests["init"]?.[0]).toMatchObject({ out: join(folder, "values.yaml"), answers: undefined });
  });

  it("ends with 10 and names the flags when nobody can be asked", async () => {
    const run = await cli("init", init);

    expect(run.status).toBe(10);
    expect(run.stderr()).toContain("--yes");
  });
});
