import { describe, expect, it } from "vitest";
import type { StatusResult } from "../../actions/status/status.ts";
import { cli, apiVersion, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

describe("status", () => {
  const healthy: StatusResult = {
    apiVersion,
    kind: "StatusResult",
    name: "slipway",
    installed: true,
    overall: "healthy",
    engine: { version: "26.1.5", apiVersion: "1.45" },
    components: [
      {
        id: "redis",
        title: { en: "Redis", zh: "Redis" },
        presence: "embedded",
        state: "running",
        health: "healthy",
        ok: true,
        uptime: "3 hours",
        ports: [{ address: "127.0.0.1", hostPort: 80, containerPort: 8080, protocol: "tcp" }],
        image: "slipway/valkey:1",
        urls: [],
        drift: ["image changed by hand"],
        severed: [],
      },
    ],
    notInstalled: [],
    foreign: ["stray"],
    secrets: [],
    full: [],
    urls: [],
  };

  it("ends with 0 when healthy and 7 when not", async () => {
    const well = await cli("status", { status: () => Promise.resolve(healthy) });
    const ill = await cli("status", { status: () => Promise.resolve({ ...healthy, overall: "degraded" }) });

    expect([well.status, ill.status]).toEqual([0, 7]);
    expect(well.stdout()).toContain("redis      running  healthy  3 hours  127.0.0.1:80  slipway/valkey:1");
    expect(well.stdout()).toContain("drift: redis: image changed by hand");
    expect(well.stdout()).toContain("foreign container in this project: stray");
  });

  it("says when a change began that is not complete, and how it is finished", async () => {
    const changeSince = "2026-11-28T20:00:00.000Z";
    const run = await cli("status", {
      status: () => Promise.resolve({ ...healthy, overall: "incomplete", changeSince }),
    });

    expect(run.status).toBe(7);
    expect(run.stdout()).toContain("slipway: incomplete");
    expect(run.stdout()).toContain(
      `the change begun at ${changeSince} is not complete: unless an install is at work, run the same slipway install again, with its -f and --set, to finish it`,
    );
  });

  it("says that nothing of it is there, and why that may be", async () => {
    const run = await cli("status", { status: () => Promise.resolve({ ...healthy, overall: "absent" }) });

    expect(run.status).toBe(7);
    expect(run.stdout()).toContain("slipway: absent");
    expect(run.stdout()).toMatch(/no component and no data .*another engine or cluster may answer/);
  });

  it("shows what is wrong with secrets, and commands as they have to be typed", async () => {
    const trouble = { secret: "redis", state: "changed" as const, message: "it was changed", readers: ["redis"] };
    const secrets = [{ ...trouble, hint: "slipway install hands it to redis" }];
    const run = await cli("status --name lab", { status: () => Promise.resolve({ ...healthy, secrets }) });

    expect(run.stdout()).toContain("it was changed\n    slipway --name lab install hands it to redis\n");
  });

  it("says which disk is full", async () => {
    const full = [{ store: "redis/data", place: "slipway_redis_data", freeBytes: 2 ** 20 }];
    const run = await cli("status", { status: () => Promise.resolve({ ...healthy, overall: "degraded", full }) });

    expect(run.stdout()).toContain("the disk of redis/data is full: 1 MiB free for slipway_redis_data; make room");
  });

  it("says that a platform of the name runs here whose records are elsewhere", async () => {
    const elsewhere = { message: "a platform named slipway runs here", hint: "give --state-dir /srv/old" };
    const run = await cli("status", {
      status: () =>
        Promise.resolve({ ...healthy, installed: false, overall: "not-installed", components: [], elsewhere }),
    });

    expect(run.status).toBe(7);
    expect(run.stdout()).toBe(
      "slipway: not installed here\na platform named slipway runs here\n    give --state-dir /srv/old\n",
    );
  });

  it("looks again and again with --watch until it is stopped", async () => {
    const abort = new AbortController();
    let looks = 0;
    const run = await cli(
      "status --watch --json",
      {
        status: () => {
          looks += 1;
          if (looks === 3) abort.abort();
          return Promise.resolve(healthy);
        },
      },
      { signal: abort.signal },
    );

    expect(looks).toBe(3);
    expect(run.status).toBe(0);
  });
});
