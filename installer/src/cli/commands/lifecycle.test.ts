import { describe, expect, it } from "vitest";
import { cli, apiVersion, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

describe("stop, start, restart", () => {
  it.each(["stop", "start", "restart"] as const)("%s hands component and limit over", async (action) => {
    const result = {
      apiVersion,
      kind: "LifecycleResult" as const,
      name: "slipway",
      action,
      components: [{ id: "redis", changed: true }],
    };
    const run = await cli(`${action} redis nats --timeout 2m`, { [action]: () => Promise.resolve(result) });

    expect(run.requests[action]?.[0]).toMatchObject({ components: ["redis", "nats"], timeoutSeconds: 120 });
    expect(run.stdout()).toMatch(/ed: redis\n$/);
  });
});
