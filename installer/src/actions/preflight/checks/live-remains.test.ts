import { describe, expect, it } from "vitest";
import { findings } from "./testing/findings.ts";

const state = "/var/lib/slipway/slipway";
const status = { components: [], foreign: [] };
const live = { departed: [], hasLeftovers: false };

describe("what is left of commands that were cut off", () => {
  it.each(["live.rotation", "live.restore", "live.drill-left", "live.leftovers"])(
    "is nothing where none was: %s",
    async (id) => {
      expect(await findings(id, { status, live, files: { [`${state}/applied.json`]: "{}" } })).toEqual([]);
    },
  );

  it("may be secrets that wait to be replaced", async () => {
    const applied = JSON.stringify({ rotation: { redis: "made", "nats-hub": "wanted" } });

    expect(await findings("live.rotation", { status, files: { [`${state}/applied.json`]: applied } })).toMatchObject([
      { severity: "warning", message: "the replacement of redis, nats-hub was begun and is not complete" },
    ]);
  });

  it("may be half a restore, also where nothing counts as installed", async () => {
    expect(await findings("live.restore", { stats: { [`${state}/restore.json`]: {} } })).toMatchObject([
      { severity: "failure", remedy: expect.stringContaining("run the same slipway restore again") as string },
    ]);
  });

  it("may be the platform of a drill", async () => {
    const found = await findings("live.drill-left", { status, stats: { [`${state}-drill`]: { directory: true } } });

    expect(found).toMatchObject([{ severity: "warning" }]);
    expect(found[0]?.remedy).toContain(`--name slipway-drill --state-dir ${state}-drill --yes-i-mean slipway-drill`);
  });

  it("may be components that are none any more, jobs, and secrets that were handed over", async () => {
    const gone = { departed: ["temporal-ui"], hasLeftovers: true };
    const stats = { [`${state}/handing-over`]: { directory: true } };

    expect(await findings("live.leftovers", { status, live: gone, stats })).toMatchObject([
      { component: "temporal-ui" },
      { message: expect.stringContaining("handing-over") as string },
    ]);
    expect(await findings("live.leftovers", { status, live: { ...live, hasLeftovers: true } })).toHaveLength(1);
  });
});
