import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pLimit from "p-limit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { status } from "../../src/actions/status/status.ts";
import { uninstall } from "../../src/actions/uninstall/uninstall.ts";
import { undoUpgrade } from "../../src/actions/upgrade/undo-upgrade.ts";
import { acceptUpgrade } from "../../src/actions/upgrade/accept-upgrade.ts";
import {
  buildFixtureProgram,
  engineObjects,
  type FixtureProgram,
  newPlace,
  type Place,
  readSecretFiles,
} from "../support/fixture-engine.ts";
import { mustRun } from "../support/child.ts";
import { fixtureImage } from "../support/fixture-plan.ts";
import { fixturePorts, type FixtureRequest, installFixture, upgradeFixture } from "../support/fixture-install.ts";

const isFull = process.env["SLIPWAY_FULL"] === "1";

const before = { version: "0.1.0", form: 1 } as const;
const after = { version: "0.2.0", form: 2 } as const;

/** What the store holds: the form of its data, and what people wrote. */
async function readStore(place: Place): Promise<Readonly<Record<string, string>>> {
  const { docker } = fixturePorts();
  const store = (await docker.containers(place.name)).find(({ service }) => service === "store");
  const script = "cat /data/form; cat /data/written 2>/dev/null || echo nothing; wc -l < /data/prepared";
  const { lines } = await docker.exec(store?.id ?? "", ["/bin/sh", "-c", script]);
  const [form = "", written = "", prepared = ""] = lines;
  return { form, written, prepared: prepared.trim() };
}

async function write(place: Place, text: string): Promise<void> {
  const { docker } = fixturePorts();
  const store = (await docker.containers(place.name)).find(({ service }) => service === "store");
  await docker.exec(store?.id ?? "", ["/bin/sh", "-c", `echo ${text} > /data/written`]);
}

/** Everything of an install that an engine has, copies among it. */
async function copiesOf({ name }: Place): Promise<readonly string[]> {
  return (await fixturePorts().docker.volumes({ "dev.slipway.copy-of": name })).map((volume) => volume.name);
}

describe("an upgrade on an engine", () => {
  let place: Place;
  let dataDir: string;
  beforeEach(() => {
    place = newPlace();
    dataDir = mkdtempSync(join(tmpdir(), "slipway-test-data-"));
  });
  afterEach(async () => {
    await place.remove();
    expect(await copiesOf(place)).toEqual([]);
    rmSync(dataDir, { recursive: true, force: true });
  });

  test("brings data to its new form, and back to its old one with what was written by then", async () => {
    await installFixture({ ...place, ...before }, fixturePorts());
    await write(place, "before");
    const secrets = readSecretFiles(place.stateDir);

    const result = await upgradeFixture({ ...place, ...after }, fixturePorts());
    const upgraded = await readStore(place);
    await write(place, "after");
    const undone = await undoUpgrade(place, fixturePorts());

    expect(result).toMatchObject({ changed: true, kept: { stores: ["store/data"] } });
    expect(upgraded).toEqual({ form: "2", written: "before", prepared: "1" });
    expect(undone).toMatchObject({ from: "0.1.0", to: "0.2.0" });
    expect(await readStore(place)).toEqual({ form: "1", written: "before", prepared: "1" });
    expect(await status(place, fixturePorts())).toMatchObject({ overall: "healthy", release: 1 });
    expect(readSecretFiles(place.stateDir)).toEqual(secrets);
    // The records are those of what runs: there is nothing to make anew.
    expect((await installFixture({ ...place, ...before }, fixturePorts())).changed).toBe(false);
    expect(await copiesOf(place)).toEqual([]);
  });

  test.each([
    { what: "a program", fault: { appFails: true }, named: "app" },
    { what: "a migration", fault: { jobFails: true }, named: "the job prepare" },
  ])("goes back by itself where $what fails, and nothing that was written is lost", async ({ fault, named }) => {
    await installFixture({ ...place, ...before, dataDir }, fixturePorts());
    await write(place, "before");

    const failed = upgradeFixture({ ...place, ...after, dataDir, ...fault }, fixturePorts());

    await expect(failed).rejects.toMatchObject({
      message: expect.stringContaining(named) as string,
      hint: expect.stringContaining("is back at 0.1.0") as string,
    });
    expect(await readStore(place)).toEqual({ form: "1", written: "before", prepared: "1" });
    expect((await status(place, fixturePorts())).overall).toBe("healthy");
    expect(existsSync(join(dataDir, "store-data.kept"))).toBe(false);
  });

  test("leaves no copy behind when the platform is removed with its data", async () => {
    await installFixture({ ...place, ...before, dataDir }, fixturePorts());
    await upgradeFixture({ ...place, ...after, dataDir }, fixturePorts());

    await uninstall({ ...place, purge: true, confirmedName: place.name }, fixturePorts());

    expect(await copiesOf(place)).toEqual([]);
    expect(readdirSync(dataDir)).toEqual([]);
    expect(existsSync(place.stateDir)).toBe(false);
  });

  test("keeps nothing once it is accepted", async () => {
    await installFixture({ ...place, ...before, dataDir }, fixturePorts());
    await upgradeFixture({ ...place, ...after, dataDir }, fixturePorts());
    const kept = await copiesOf(place);

    await acceptUpgrade(place, fixturePorts());

    expect(kept).toEqual([`${place.name}_store-data.kept`]);
    expect(await copiesOf(place)).toEqual([]);
    expect(existsSync(join(place.stateDir, "before-upgrade"))).toBe(false);
    expect(existsSync(join(dataDir, "store-data.kept"))).toBe(false);
    expect((await installFixture({ ...place, ...after, dataDir }, fixturePorts())).changed).toBe(false);
  });
});

describe("an upgrade that is killed", () => {
  let program: FixtureProgram;
  beforeAll(async () => {
    program = await buildFixtureProgram();
  });
  afterAll(() => {
    program.remove();
  });

  const up = (place: Place): FixtureRequest => ({ ...place, ...after, act: "upgrade" });
  const back = (place: Place): FixtureRequest => ({ ...place, act: "undo" });

  /** Every point that the runs pass, one after the other; a step added later is swept without a word here. */
  async function failpointsOf(...acts: readonly ((place: Place) => FixtureRequest)[]): Promise<readonly string[]> {
    const place = newPlace();
    try {
      await installFixture({ ...place, ...before }, fixturePorts());
      const file = join(place.stateDir, "..", "failpoints");
      for (const act of acts) {
        rmSync(file, { force: true });
        const ended = await program.run(act(place), { SLIPWAY_FAILPOINT_LOG: file });
        if (ended.exitCode !== 0) throw new Error(ended.stderr);
      }
      return [...new Set(readFileSync(file, "utf8").trim().split("\n"))];
    } finally {
      await place.remove();
    }
  }

  /** What is wrong after a kill at this point of one act, and another one after it; empty when nothing is. */
  async function killedIn(
    point: string,
    acts: readonly ((place: Place) => FixtureRequest)[],
    then: (place: Place) => FixtureRequest,
    form: string,
  ): Promise<readonly string[]> {
    const place = newPlace();
    try {
      await installFixture({ ...place, ...before }, fixturePorts());
      await write(place, "before");
      for (const act of acts.slice(0, -1)) await program.run(act(place));
      const last = acts.at(-1);
      const killed = last && (await program.run(last(place), { SLIPWAY_FAILPOINT: point }));
      if (killed?.signal !== "SIGKILL") return [`${point}: was not reached, ${killed?.stderr}`];
      const ended = await program.run(then(place));
      const isDone = existsSync(join(place.stateDir, "upgrade.json")) === (form === "2");
      const noUpgrade = form === "1" && ended.stderr.includes("there is no upgrade");
      if (ended.exitCode !== 0 && !noUpgrade) return [`${point}: the run after it ended with ${ended.stderr}`];
      const found = await readStore(place);
      const { overall } = await status(place, fixturePorts());
      return [
        ...(found["form"] === form && found["written"] === "before" ? [] : [`${point}: ${JSON.stringify(found)}`]),
        ...(overall === "healthy" ? [] : [`${point}: ${overall}`]),
        ...(isDone ? [] : [`${point}: its record is left, or gone`]),
        ...((await engineObjects(place.name)).length === 3 + 3 + 3 + 1
          ? []
          : [`${point}: stray objects on the engine`]),
      ];
    } finally {
      await place.remove();
    }
  }

  test("at any point goes on with the same command, and goes back with the other", { timeout: 900_000 }, async () => {
    const points = await failpointsOf(up);
    const limit = pLimit(3);
    // The change itself is an install, whose points are swept elsewhere; here only that it is gone on with.
    const own = points.filter(
      (point) => isFull || point.startsWith("upgrade:") || point === "after:start:store:intent",
    );

    const problems = await Promise.all([
      ...own.map((point) => limit(() => killedIn(point, [up], up, "2"))),
      ...own.map((point) => limit(() => killedIn(point, [up], back, "1"))),
    ]);

    expect(problems.flat()).toEqual([]);
    expect(points).toEqual(
      expect.arrayContaining(["upgrade:keeping", "upgrade:stopped", "upgrade:copied", "upgrade:kept"]),
    );
  });

  test("goes on while what the killed run left still holds a copy", { timeout: 300_000 }, async () => {
    const place = newPlace();
    try {
      await installFixture({ ...place, ...before }, fixturePorts());
      const killed = await program.run(up(place), { SLIPWAY_FAILPOINT: "upgrade:copied" });
      const labels = ["--label", `dev.slipway.name=${place.name}`, "--label", "dev.slipway.run=keep"];
      const copy = ["--volume", `${place.name}_store-data.kept:/to`];
      await mustRun("docker", ["run", "--detach", ...labels, ...copy, "--entrypoint", "sleep", fixtureImage, "600"]);

      const ended = await program.run(up(place));

      expect(killed.signal).toBe("SIGKILL");
      expect(ended.exitCode, ended.stderr).toBe(0);
      expect(await copiesOf(place)).toEqual([`${place.name}_store-data.kept`]);
    } finally {
      await place.remove();
    }
  });

  test("on its way back is back with the same command", { timeout: 600_000 }, async () => {
    const points = await failpointsOf(up, back);
    const limit = pLimit(3);

    const own = points.filter((point) => isFull || point.startsWith("undo:") || point.startsWith("upgrade:"));

    const problems = await Promise.all(own.map((point) => limit(() => killedIn(point, [up, back], back, "1"))));

    expect(problems.flat()).toEqual([]);
    expect(points).toEqual(expect.arrayContaining(["undo:begun", "undo:data", "undo:records", "undo:started"]));
  });
});
