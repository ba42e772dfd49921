import { describe, expect, it } from "vitest";
import { findings } from "./testing/findings.ts";

const state = "/var/lib/slipway/slipway";
const status = { components: [], foreign: [] };
const live = { departed: [], hasLeftovers: false };

describe("what is left of commands that were cut off", () => {
  it.each(["live.rotation", "live.restore", "live.upgrade", "live.drill-left", "live.leftovers"])(
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

  it("may be half an upgrade, or copies that nobody needs any more", async () => {
    const record = { v: 1, from: "0.1.0", to: "0.2.0", stores: ["postgres/data"] };
    const now = new Date("2026-11-21T12:00:00Z");
    const looked = (more: object) =>
      findings("live.upgrade", {
        status,
        files: { [`${state}/upgrade.json`]: JSON.stringify({ ...record, ...more }) },
      });
    const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000 - 60_000).toISOString();

    expect(await looked({ phase: "keeping" })).toMatchObject([
      { severity: "failure", message: "the upgrade from 0.1.0 to 0.2.0 was begun and is not complete" },
    ]);
    expect(await looked({ phase: "applied", keptAt: daysAgo(2) })).toEqual([]);
    expect(await looked({ phase: "applied", keptAt: daysAgo(8) })).toMatchObject([
      { severity: "warning", message: "the upgrade from 0.1.0 to 0.2.0 waits to be accepted for 8 days" },
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
