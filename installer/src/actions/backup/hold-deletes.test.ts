import { expect, it } from "vitest";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { createStillClock } from "../../../test/support/memory-ports.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Plan } from "../../plan/model.ts";
import { holdDeletes } from "./hold-deletes.ts";

const gateway = { id: "gateway", role: "gateway", workload: { container: { notices: "/notices" } } };
const plan = { components: [gateway] } as unknown as Plan;
const install = {} as Install;

it.each(["00:00:00", "00:00:30", "00:01:39"])(
  "a hold of %s that nobody ends is over after five minutes at the latest",
  async (time) => {
    const world = createMemoryTarget();
    const clock = { ...createStillClock(`2026-01-01T${time}Z`), sleep: () => new Promise<void>(() => undefined) };

    await holdDeletes(plan, install, { target: world.target, clock, report: () => undefined });

    const now = clock.now().getTime() / 1000;
    const steps = [...(world.notices[0]?.[1].keys() ?? [])].map((name) => Number(name.slice("hold-".length)));
    const isHeld = (at: number): boolean => steps.includes(Math.floor(at / 100));
    // Behind the gateway's clock, and until it is renewed, a minute and a half later at most.
    expect([now - 90, now, now + 190].map(isHeld)).toEqual([true, true, true]);
    expect(isHeld(now + 300)).toBe(false);
  },
);

it("a hold ends when it is released", async () => {
  const world = createMemoryTarget();
  const clock = createStillClock();
  const waiting = { ...clock, sleep: (_ms: number, signal?: AbortSignal) => untilAborted(signal) };

  const hold = await holdDeletes(plan, install, { target: world.target, clock: waiting, report: () => undefined });
  clock.advance(7000);

  expect(await hold.release()).toBe(7);
  expect(world.notices.at(-1)).toEqual(["gateway", new Map()]);
});

function untilAborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(new Error("aborted")));
  });
}
