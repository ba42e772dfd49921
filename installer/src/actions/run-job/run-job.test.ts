import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { errorOf } from "../../../test/support/error-of.ts";
import { fixturePorts, installFixture, planFixture } from "../../../test/support/fixture-install.ts";
import { fixtureProbe } from "../../../test/support/fixture-plan.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import type { InstallerEvent } from "../../events/event.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import { stop } from "../lifecycle/lifecycle.ts";
import { runJob } from "./run-job.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-run-job-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A small platform that is up, whose job has run once. */
async function installed(options: { readonly probes?: true } = {}, name = "p") {
  const world = createMemoryTarget();
  const ports = { ...fixturePorts(), target: world.target };
  const place = { name, stateDir: join(folder, name) };
  if (options.probes === true) world.behaviours.set(`prepare ${fixtureProbe.join(" ")}`, says({ missing: [] }));
  await installFixture({ ...place, ...options }, ports);
  return { world, ports, place };
}

function says(result: object): { readonly lines: readonly string[] } {
  return { lines: ["some progress", JSON.stringify({ job: "prepare", ok: true, changes: [], ms: 1, ...result })] };
}

test("a job of the bring-up runs again and tells what it set right", async () => {
  const { world, ports, place } = await installed();
  world.behaviours.set("prepare", says({ changes: ["set client secret of application CSGHub"] }));

  const result = await runJob({ ...place, job: "prepare" }, ports);

  expect(result).toMatchObject({ kind: "RunJobResult", changes: ["set client secret of application CSGHub"] });
  expect(world.jobsRun).toEqual(["prepare", "prepare"]);
});

test("one that does not tell is just done", async () => {
  const { ports, place } = await installed();

  expect(await runJob({ ...place, job: "prepare" }, ports)).not.toHaveProperty("changes");
});

test("a failure says why, what to look at and what was done already", async () => {
  const { world, ports, place } = await installed();
  const told = says({ ok: false, changes: ["made role hub"], error: "the disk is full", cause: "look at the disk" });
  world.behaviours.set("prepare", { status: 6, ...told });

  const error = await errorOf(() => runJob({ ...place, job: "prepare" }, ports));

  expect(error).toMatchObject({
    code: "APPLY_FAILED",
    message: "the job prepare (Prepare the store) failed: the disk is full",
    hint: "look at the disk",
    details: ["done already: made role hub"],
  });
});

test("a failure without a word of its own shows its last lines", async () => {
  const { world, ports, place } = await installed();
  world.behaviours.set("prepare", { status: 3, lines: ["{not JSON", "the job cannot go on"] });

  expect(await errorOf(() => runJob({ ...place, job: "prepare" }, ports))).toMatchObject({
    message: "the job prepare (Prepare the store) failed with exit status 3",
    details: ["{not JSON", "the job cannot go on"],
  });
});

test("a job that is not there is refused with those that are", async () => {
  const { world, ports, place } = await installed();

  for (const job of ["verify", "nope"])
    expect(await errorOf(() => runJob({ ...place, job }, ports))).toMatchObject({
      code: "USAGE",
      message: `there is no job ${job} to run`,
      hint: "jobs are prepare",
    });
  expect(world.jobsRun).toEqual(["prepare"]);
});

test("what the job needs must serve", async () => {
  const { world, ports, place } = await installed();
  await stop(place, ports);

  expect(await errorOf(() => runJob({ ...place, job: "prepare" }, ports))).toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: "the job prepare needs store, which does not serve",
  });
  expect(world.jobsRun).toEqual(["prepare"]);
});

test("nothing is run where nothing is installed", async () => {
  const ports = { ...fixturePorts(), target: createMemoryTarget().target };

  const error = await errorOf(() => runJob({ name: "p", stateDir: join(folder, "none"), job: "prepare" }, ports));

  expect(error).toMatchObject({ code: "PREFLIGHT_FAILED" });
});

test("a platform whose records lie elsewhere is told of as every command tells of it", async () => {
  const { ports } = await installed();

  const error = await errorOf(() => runJob({ name: "p", stateDir: join(folder, "none"), job: "prepare" }, ports));

  expect(error.message).toContain("a platform named p runs here");
});

test("what is up and does not serve is not started, but looked at", async () => {
  const { world, ports, place } = await installed();
  const store = world.services.get("store");
  if (store !== undefined) world.services.set("store", { ...store, health: "unhealthy" });

  expect(await errorOf(() => runJob({ ...place, job: "prepare" }, ports))).toMatchObject({
    message: "the job prepare needs store, which does not serve",
    hint: "slipway logs store says why, or it is about to",
  });
});

test("a dry run says what the job would do, and does not do it", async () => {
  const { world, ports, place } = await installed({ probes: true });
  const missing = ["set client secret of application CSGHub"];
  world.behaviours.set(`prepare ${fixtureProbe.join(" ")}`, {
    status: 10,
    ...says({ ok: false, missing, notes: ["kept x"] }),
  });

  const result = await runJob({ ...place, job: "prepare", dryRun: true }, ports);

  expect(result).toMatchObject({ dryRun: true, changes: missing, notes: ["kept x"] });
  expect(world.jobsRun).toEqual(["prepare", `prepare ${fixtureProbe.join(" ")}`]);
});

test("a dry run that fails is an error, and one that cannot be is refused before anything runs", async () => {
  const { world, ports, place } = await installed({ probes: true });
  world.behaviours.set(`prepare ${fixtureProbe.join(" ")}`, { status: 7, ...says({ ok: false, error: "no answer" }) });
  const failed = await errorOf(() => runJob({ ...place, job: "prepare", dryRun: true }, ports));
  const other = await installed({}, "other");
  const refused = await errorOf(() => runJob({ ...other.place, job: "prepare", dryRun: true }, other.ports));

  expect(failed).toMatchObject({ code: "APPLY_FAILED", message: expect.stringContaining("no answer") as string });
  expect(refused).toMatchObject({ code: "USAGE", hint: "slipway run prepare does it" });
  expect(other.world.jobsRun).toEqual(["prepare"]);
});

describe("a plan", () => {
  const changes = ["set client secret of application CSGHub"];

  test("asks what people change inside a service, names the job, and leaves the hash and the counts alone", async () => {
    const { world, ports, place } = await installed({ probes: true });
    const before = await planFixture({ ...place, probes: true }, ports);
    world.behaviours.set(`prepare ${fixtureProbe.join(" ")}`, { status: 10, ...says({ ok: false, missing: changes }) });

    const planned = await planFixture({ ...place, probes: true }, ports);

    expect(before.drift).toEqual([]);
    expect(planned).toMatchObject({ changed: false, drift: [{ job: "prepare", component: "store", changes }] });
    expect(planned.hash).toBe(before.hash);
    expect(await installFixture({ ...place, probes: true }, ports)).toMatchObject({
      changed: false,
      drift: planned.drift,
    });
  });

  test("tells what somebody made and the job leaves, which is no difference", async () => {
    const { world, ports, place } = await installed({ probes: true });
    const notes = ["application CSGHub keeps redirect URIs that somebody added"];
    world.behaviours.set(`prepare ${fixtureProbe.join(" ")}`, says({ missing: [], notes }));

    const planned = await planFixture({ ...place, probes: true }, ports);
    const again = await installFixture({ ...place, probes: true }, ports);

    const noted = [{ job: "prepare", component: "store", notes }];
    expect(planned).toMatchObject({ changed: false, drift: [], noted });
    expect(again).toMatchObject({ changed: false, drift: [], noted });
  });

  test("and an install of something else tell what was changed, and a first one asks nothing", async () => {
    const { world, ports, place } = await installed({ probes: true });
    const first = [...world.jobsRun];
    world.behaviours.set(`prepare ${fixtureProbe.join(" ")}`, { status: 10, ...says({ ok: false, missing: changes }) });

    const dry = await installFixture({ ...place, probes: true, request: { dryRun: true } }, ports);
    const other = await installFixture({ ...place, probes: true, greeting: "other" }, ports);

    expect(first).toEqual(["prepare"]);
    expect(dry).toMatchObject({ changed: false, drift: [{ job: "prepare", component: "store", changes }] });
    expect(other).toMatchObject({ changed: true, drift: [{ job: "prepare", component: "store", changes }] });
  });

  test("asks nothing of what does not serve or of a job that the install will run", async () => {
    const { world, ports, place } = await installed({ probes: true });
    const changed = await planFixture({ ...place, probes: true, jobFails: true }, ports);
    await stop(place, ports);
    const stopped = await planFixture({ ...place, probes: true }, ports);

    expect([changed.drift, stopped.drift]).toEqual([[], []]);
    expect(world.jobsRun).toEqual(["prepare"]);
  });

  test("says that it could not ask, and why: the job failed, or another run is at work", async () => {
    const { world, ports, place } = await installed({ probes: true });
    const told: InstallerEvent[] = [];
    const listening = { ...ports, report: (event: InstallerEvent) => void told.push(event) };
    world.behaviours.set(`prepare ${fixtureProbe.join(" ")}`, {
      status: 7,
      ...says({ ok: false, error: "no answer" }),
    });
    await planFixture({ ...place, probes: true }, listening);
    const release = await acquireRunLock(ports, stateLayout(place.stateDir), "another");
    const planned = await planFixture({ ...place, probes: true }, listening);
    await release();

    expect(planned).toMatchObject({ changed: false, drift: [] });
    expect(told.filter(({ type }) => type === "warning")).toEqual([
      { type: "warning", message: expect.stringMatching(/inside store is not known: .*no answer/) as string },
      {
        type: "warning",
        message: expect.stringMatching(/inside store is not known: another run is at work/) as string,
      },
    ]);
  });
});
