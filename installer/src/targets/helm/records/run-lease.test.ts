import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createMemoryCluster, type MemoryCluster } from "../../../../test/support/memory-cluster.ts";
import { createStillClock } from "../../../../test/support/memory-ports.ts";
import type { InstallerEvent } from "../../../events/event.ts";
import { LockedError } from "../../../errors/installer-error.ts";
import type { LockHolder } from "../../../platform/ports.ts";
import { guardWrites } from "./guard-writes.ts";
import { createRunLease, type RunLease } from "./run-lease.ts";

let memory: MemoryCluster;
let events: InstallerEvent[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  memory = createMemoryCluster({ namespaces: ["team"] });
  events = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function holder(owner: string, run = `run of ${owner}`): LockHolder {
  return { pid: 1, owner, bootId: "b", startedAt: "", command: "slipway install", run };
}

/** A machine's view, with a clock of its own. */
function leaseOn(clock = createStillClock()): { readonly lease: RunLease; readonly clock: typeof clock } {
  const place = { cluster: memory.cluster, namespace: "team", install: "hub" };
  const report = (event: InstallerEvent): void => void events.push(event);
  return { lease: createRunLease(place, { clock, report, signal: new AbortController().signal }), clock };
}

/** Lets so much time pass at a machine, with its renewals. */
async function pass(seconds: number, clock: ReturnType<typeof createStillClock>): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1000);
    await vi.advanceTimersByTimeAsync(1000);
  }
}

function renewTime(): string {
  return (memory.find("Lease", "hub-run")?.["spec"] as { readonly renewTime: string }).renewTime;
}

describe("the lock between machines", () => {
  it("is renewed while it is held, and nothing is left of it afterwards", async () => {
    const { lease, clock } = leaseOn();
    await lease.acquire(holder("anna@one"), undefined);
    const before = renewTime();
    await pass(60, clock);

    expect(Date.parse(renewTime()) - Date.parse(before)).toBeGreaterThan(50_000);
    expect(renewTime()).toMatch(/\.\d{6}Z$/);
    await expect(lease.requireHeld()).resolves.toBeUndefined();
    await lease.release();
    expect(memory.all("Lease")).toEqual([]);
  });

  it("is refused at once while another renews it, whatever the clocks of both say", async () => {
    const first = leaseOn();
    await first.lease.acquire(holder("anna@one"), undefined);
    const same = leaseOn();
    // An hour ahead: the lease seems to be long dead, and its next renewal shows that it is not.
    const ahead = createStillClock("2026-01-01T01:00:00.000Z");
    const other = leaseOn(
      Object.assign(ahead, {
        sleep: async (ms: number): Promise<void> => {
          ahead.advance(ms);
          await pass(1, first.clock);
        },
      }),
    );

    const refusal = {
      code: "LOCKED",
      message: expect.stringContaining("anna@one, process 1, since 2026-01-01") as string,
    };
    await expect(same.lease.acquire(holder("ben@two"), undefined)).rejects.toMatchObject(refusal);
    expect(same.clock.monotonicMs()).toBe(0);
    await expect(other.lease.acquire(holder("ben@three"), undefined)).rejects.toMatchObject(refusal);
    expect(other.clock.monotonicMs()).toBeLessThan(5000);
  });

  it("is taken over, and that is said, once this machine has seen no renewal for as long as it lasts", async () => {
    await leaseOn().lease.acquire(holder("anna@one"), undefined);
    vi.clearAllTimers();
    const second = leaseOn(createStillClock("2026-01-01T00:05:00.000Z"));

    expect(await second.lease.acquire(holder("ben@two"), undefined)).toBe(true);
    expect(second.clock.monotonicMs()).toBeGreaterThanOrEqual(15_000);
    expect(events.map(({ type }) => type)).toEqual(["note", "warning"]);
    expect(events[1]).toMatchObject({ message: expect.stringMatching(/taken over .*anna@one, process 1/) as string });
  });

  it("is had again at once by the next run of the directory whose run was killed", async () => {
    await leaseOn().lease.acquire(holder("anna@one", "killed"), undefined);
    const next = leaseOn();

    expect(await next.lease.acquire(holder("anna@one", "next"), holder("anna@one", "killed"))).toBe(true);
    expect(next.clock.monotonicMs()).toBe(0);
  });

  it("is nothing to be had where there is no namespace", async () => {
    memory.take("Namespace", "team");

    expect(await leaseOn().lease.acquire(holder("anna@one"), undefined)).toBe(false);
  });

  it("that another took over stops every write, and is not given back in its place", async () => {
    const { lease, clock } = leaseOn();
    await lease.acquire(holder("anna@one"), undefined);
    const guarded = guardWrites(memory.cluster, () => lease.requireHeld());
    const metadata = { name: "x", namespace: "team" };
    await guarded.create({ apiVersion: "v1", kind: "ConfigMap", metadata });
    // The machine slept, and neither timer nor its monotonic clock moved.
    vi.clearAllTimers();
    await leaseOn(createStillClock("2026-01-01T00:05:00.000Z")).lease.acquire(holder("ben@two"), undefined);
    vi.clearAllTimers();
    const wall = clock.now().getTime() + 300_000;
    clock.now = () => new Date(wall);

    await expect(guarded.remove({ apiVersion: "v1", kind: "ConfigMap", ...metadata })).rejects.toMatchObject({
      code: "LOCKED",
      message: expect.stringMatching(/^this run has lost the lock of hub to another: ben@two/) as string,
    });
    expect(lease.lost.reason).toBeInstanceOf(LockedError);
    await lease.release();
    expect(memory.find("ConfigMap", "x")).toBeDefined();
    expect(memory.find("Lease", "hub-run")?.["spec"]).toMatchObject({ holderIdentity: "ben@two 1" });
  });

  it("outlives a cluster that does not answer for a moment, and no longer than it is surely its own", async () => {
    const { lease, clock } = leaseOn();
    await lease.acquire(holder("anna@one"), undefined);
    memory.away = true;
    await pass(6, clock);
    await expect(lease.requireHeld()).resolves.toBeUndefined();
    memory.away = false;
    await pass(6, clock);
    memory.away = true;
    await pass(15, clock);

    await expect(lease.requireHeld()).rejects.toMatchObject({ code: "LOCKED" });
    expect(lease.lost.aborted).toBe(true);
  });

  it("that somebody removed by hand is made again", async () => {
    const { lease, clock } = leaseOn();
    await lease.acquire(holder("anna@one"), undefined);
    memory.take("Lease", "hub-run");
    await pass(6, clock);

    expect(memory.find("Lease", "hub-run")?.["spec"]).toMatchObject({ holderIdentity: "anna@one 1" });
  });
});
