import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { errorOf } from "../../../test/support/error-of.ts";
import { fixturePorts, installFixture } from "../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
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
async function installed() {
  const world = createMemoryTarget();
  const ports = { ...fixturePorts(), target: world.target };
  const place = { name: "p", stateDir: join(folder, "state") };
  await installFixture(place, ports);
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
