import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixtureDesired, fixturePorts, installFixture, planFixture } from "../../../test/support/fixture-install.ts";
import { fixtureProbe, fixtureStamp } from "../../../test/support/fixture-plan.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import type { InstallRequest } from "../install/install-request.ts";
import { drift } from "../status/drift.ts";

const asked = `prepare ${fixtureProbe.join(" ")}`;
const changes = ["set client secret of application CSGHub"];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-find-drift-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A small platform that is up, whose job can be asked quickly. */
async function installed() {
  const world = createMemoryTarget();
  const ports = { ...fixturePorts(), target: world.target };
  const place = { name: "p", stateDir: join(folder, "p"), probes: true, stamp: true } as const;
  const isNow = (stamp: string, found: readonly string[], status = 0): void => {
    const told = { job: "prepare", ok: found.length === 0, changes: [], missing: found, ms: 1 };
    world.behaviours.set(asked, { status: found.length === 0 ? 0 : 10, lines: [JSON.stringify(told)] });
    world.behaviours.set(`store ${fixtureStamp.join(" ")}`, { status, lines: [stamp] });
  };
  const times = (): number => world.jobsRun.filter((job) => job === asked).length;
  isNow("one", []);
  await installFixture(place, ports);
  return {
    isNow,
    times,
    world,
    install: (request: Partial<InstallRequest> = {}) => installFixture({ ...place, request }, ports),
    runs: () => world.jobsRun.filter((job) => job === "prepare").length,
    drift: () => drift(place, ports, () => fixtureDesired(place, ports.target)),
    plan: () => planFixture(place, ports),
  };
}

test("what an install found is told again without asking the job, while the quick question has the same answer", async () => {
  const { isNow, times, install, plan } = await installed();
  isNow("two", changes);
  const drift = [{ job: "prepare", component: "store", changes }];

  expect([await install(), await install(), await plan()]).toMatchObject([{ drift }, { drift }, { drift }]);
  expect(times()).toBe(1);
});

test("another answer has the job asked again, and what was put right is forgotten", async () => {
  const { isNow, times, install } = await installed();
  isNow("two", changes);
  await install();
  isNow("one", []);

  expect(await install()).toMatchObject({ drift: [] });
  expect(times()).toBe(2);
});

test("a plan remembers nothing: it leaves the records alone", async () => {
  const { isNow, times, plan } = await installed();
  isNow("two", changes);
  await plan();
  await plan();

  expect(times()).toBe(2);
});

test("a quick question without an answer has the job asked each time", async () => {
  const { isNow, times, world, install } = await installed();
  isNow("two", changes, 2);

  expect([await install(), await install()]).toMatchObject([{ drift: [{ changes }] }, { drift: [{ changes }] }]);
  world.target.ask = () => Promise.reject(new Error("the engine is away"));
  expect(await install()).toMatchObject({ drift: [{ changes }] });
  expect(times()).toBe(3);
});

test("an install that is to repair has the job set it right, once, and says what it was", async () => {
  const { isNow, install, runs } = await installed();
  isNow("two", changes);
  const before = runs();
  const repaired = await install({ repair: true });
  isNow("one", []);
  const again = await install({ repair: true });

  expect(repaired).toMatchObject({
    changed: true,
    drift: [],
    repaired: [{ job: "prepare", component: "store", changes }],
  });
  expect(again).toMatchObject({ changed: false, drift: [] });
  expect(runs()).toBe(before + 1);
});

test("one that is not to repair leaves it, and what is not as it was installed is told without changing anything", async () => {
  const { isNow, install, runs, drift: look, world } = await installed();
  expect(await look()).toMatchObject({ drifted: false, changes: [], drift: [] });
  isNow("two", changes);
  const before = runs();
  await install();

  expect(await look()).toMatchObject({ drifted: true, changes: [], drift: [{ job: "prepare", changes }] });
  expect(runs()).toBe(before);
  world.services.delete("app");
  expect(await look()).toMatchObject({ drifted: true, changes: [{ id: "app", action: "create" }] });
});
