import { expect, it } from "vitest";
import { errorOf } from "../../../test/support/error-of.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { createStillClock } from "../../../test/support/memory-ports.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Plan } from "../../plan/model.ts";
import { holdPushes, requireNoPushHeld } from "./hold-pushes.ts";

const gateway = { id: "gateway", role: "gateway", workload: { container: { notices: "/notices" } } };
const plan = { components: [gateway] } as unknown as Plan;
const install = {} as Install;
const clock = createStillClock("2026-01-01T00:00:30Z");
const seconds = clock.now().getTime() / 1000;
const step = Math.floor(seconds / 100);
const { signal } = new AbortController();

/** A gateway that tells its time, and finds these files. */
function gatewayThat(tells: number, ...files: readonly string[]) {
  const world = createMemoryTarget();
  const askCopies = () => Promise.resolve([{ name: "one", exitCode: 0, lines: [`${tells}`, ...files] }]);
  return { world, ports: { target: { ...world.target, askCopies }, clock, report: () => undefined, signal } };
}

it("a hold of pushes is refused through a gateway whose clock is more than a minute off, and nobody waits", async () => {
  const { world, ports } = gatewayThat(seconds + 61, `push-${step - 5}`);

  expect(await errorOf(() => holdPushes(plan, install, 600, ports))).toMatchObject({
    code: "APPLY_FAILED",
    message: "people can still push through one: its clock is 61 s off that of this machine; nothing was removed",
  });
  expect(world.notices.at(-1)?.[1].size).toBe(0);
});

it("a gateway that takes no notices cannot hold pushes", async () => {
  const without = { components: [{ ...gateway, workload: { container: {} } }] } as unknown as Plan;

  expect(await errorOf(() => holdPushes(without, install, 600, gatewayThat(seconds).ports))).toMatchObject({
    code: "PREFLIGHT_FAILED",
  });
  await requireNoPushHeld(without, install, gatewayThat(seconds, `push-${step}`).ports);
});

it("no backup begins while pushes wait for a run that was killed, and one does when they wait no longer", async () => {
  const killed = gatewayThat(seconds, `push-${step - 1}`, `push-${step}`, "hold-1");

  expect(await errorOf(() => requireNoPushHeld(plan, install, killed.ports))).toMatchObject({
    code: "LOCKED",
    hint: expect.stringContaining(new Date((step + 1) * 100_000).toISOString()) as string,
  });
  await requireNoPushHeld(plan, install, gatewayThat(seconds, `push-${step - 1}`, `hold-${step}`).ports);
});
