import { describe, expect, it } from "vitest";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { createStillClock } from "../../../test/support/memory-ports.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Plan } from "../../plan/model.ts";
import type { CopyAnswer } from "../../targets/target.ts";
import { holdDeletes } from "./hold-deletes.ts";

const gateway = { id: "gateway", role: "gateway", workload: { container: { notices: "/notices" } } };
const plan = { components: [gateway] } as unknown as Plan;
const install = {} as Install;
const { signal } = new AbortController();

it.each(["00:00:00", "00:00:30", "00:01:39"])(
  "a hold of %s that nobody ends is over after five minutes at the latest",
  async (time) => {
    const world = createMemoryTarget();
    const clock = { ...createStillClock(`2026-01-01T${time}Z`), sleep: () => new Promise<void>(() => undefined) };

    await holdDeletes(plan, install, { target: world.target, clock, report: () => undefined, signal });

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

  const hold = await holdDeletes(plan, install, {
    target: world.target,
    clock: waiting,
    report: () => undefined,
    signal,
  });
  clock.advance(7000);

  expect(await hold.release()).toBe(7);
  expect(world.notices.at(-1)).toEqual(["gateway", new Map()]);
});

describe("a hold begins", () => {
  const clock = createStillClock("2026-01-01T00:00:30Z");
  const now = Math.floor(clock.now().getTime() / 1000);
  const step = Math.floor(now / 100);

  /** Holds, with copies of the gateway that say this at the first look, the second, and so on. */
  async function hold(...looks: readonly (readonly CopyAnswer[])[]) {
    const world = createMemoryTarget();
    let at = 0;
    const ticking = {
      ...clock,
      monotonicMs: () => at * 20_000,
      sleep: (ms: number, until?: AbortSignal) => (ms > 1000 ? untilAborted(until) : Promise.resolve()),
    };
    const askCopies = () => Promise.resolve(looks[Math.min(at++, looks.length - 1)] ?? []);
    const ports = { target: { ...world.target, askCopies }, clock: ticking, report: () => undefined, signal };
    const held = await holdDeletes(plan, install, ports).catch((error: unknown) => error);
    return { held, looked: at, left: world.notices.at(-1)?.[1].size };
  }

  const copy = (name: string, seconds: number, ...files: readonly string[]): CopyAnswer => ({
    name,
    exitCode: 0,
    lines: [String(seconds), ...files],
  });
  const holding = (name: string): CopyAnswer => copy(name, now, `hold-${step - 1}`, `hold-${step}`);

  it("when every copy of the gateway reads it, and not before", async () => {
    const { held, looked, left } = await hold(
      [copy("one", now), copy("two", now)],
      [holding("one"), copy("two", now, "hold-1")],
      [holding("one"), holding("two")],
    );

    expect(held).toHaveProperty("release");
    expect(looked).toBe(3);
    expect(left).toBe(4);
  });

  it.each<[string, CopyAnswer, string]>([
    ["never gets the notice", copy("two", now), "the notice has not reached it"],
    [
      "has a clock that is wrong",
      copy("two", now + 900, `hold-${step}`),
      "its clock is 900 s off that of this machine",
    ],
    ["does not answer", { name: "two", exitCode: 1, lines: [] }, "it could not say what it reads (exit status 1)"],
  ])("never where one of them %s: nothing is copied and nobody waits", async (_what, answer, reason) => {
    const { held, left } = await hold([holding("one"), answer]);

    expect(held).toMatchObject({
      code: "APPLY_FAILED",
      message: `people can still delete through two: ${reason}; nothing was copied`,
    });
    expect(left).toBe(0);
  });
});

it("a hold is given up at once where clocks are apart, whatever the notices are", async () => {
  const world = createMemoryTarget();
  const clock = createStillClock("2026-01-01T01:00:00Z");
  let looked = 0;
  const askCopies = (): Promise<readonly CopyAnswer[]> => {
    looked += 1;
    return Promise.resolve([{ name: "one", exitCode: 0, lines: [String(clock.now().getTime() / 1000 - 3600)] }]);
  };
  const ports = { target: { ...world.target, askCopies }, clock, report: () => undefined, signal };

  const refused: unknown = await holdDeletes(plan, install, ports).catch((error: unknown) => error);

  expect(refused).toMatchObject({
    message: "people can still delete through one: its clock is -3600 s off that of this machine; nothing was copied",
    hint: expect.stringContaining("clocks have to agree") as string,
  });
  expect(looked).toBe(1);
});

function untilAborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(new Error("aborted")));
  });
}
