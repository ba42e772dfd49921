import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { status } from "../../src/actions/status/status.ts";
import {
  buildFixtureProgram,
  containerIds,
  killByHand,
  engineObjects,
  type FixtureProgram,
  newPlace,
  type Place,
} from "../support/fixture-engine.ts";
import { fixturePorts, installFixture } from "../support/fixture-install.ts";
import { holdAt, untilTrue } from "../support/hold.ts";

let program: FixtureProgram;
let place: Place;
beforeAll(async () => {
  program = await buildFixtureProgram();
});
afterAll(() => {
  program.remove();
});
beforeEach(() => {
  place = newPlace();
});
afterEach(async () => {
  await place.remove();
});

describe("a component that does not come up", () => {
  test("is named early with its last lines when it keeps ending, and the next run goes on", async () => {
    const failing = installFixture({ ...place, appFails: true }, fixturePorts());

    await expect(failing).rejects.toMatchObject({ code: "APPLY_FAILED" });
    await expect(failing).rejects.toThrow(/^app does not stay up: it ended with exit status 7 3 times in a row$/);
    const { details } = (await failing.catch((error: unknown) => error)) as { readonly details: readonly string[] };
    expect(details).toContain("  the app cannot go on");
    expect(details.at(-1)).toMatch(/^already done: .*store.*job:prepare/);
    expect(await installFixture(place, fixturePorts())).toMatchObject({ changed: true });
    expect((await status(place, fixturePorts())).overall).toBe("healthy");
  });

  test("is named at its deadline with what was waited for", async () => {
    // All else is up, so that the time is the app's alone.
    await installFixture(place, fixturePorts());
    const hanging = installFixture({ ...place, appHangs: true, request: { timeoutSeconds: 3 } }, fixturePorts());

    await expect(hanging).rejects.toMatchObject({ code: "ROLLOUT_TIMEOUT" });
    await expect(hanging).rejects.toThrow(/^app was not healthy within \d+ s: waited for its health check/);
  });

  test("a failing job is named with its lines; nothing that needs it was started", async () => {
    const failing = installFixture({ ...place, jobFails: true }, fixturePorts());

    await expect(failing).rejects.toMatchObject({
      code: "APPLY_FAILED",
      message: "the job prepare (Prepare the store) failed with exit status 3",
    });
    const seen = await fixturePorts().docker.containers(place.name);
    expect(seen.find(({ service }) => service === "app")?.state).toBe("created");
    expect(seen.some(({ service }) => service === "prepare")).toBe(false);
  });
});

describe("data that was there and is gone", () => {
  test("a removed volume stops the run before anything is started", async () => {
    await installFixture(place, fixturePorts());
    const { docker } = fixturePorts();
    await docker.removeContainer((await containerIds(place.name))["store"] ?? "");
    await docker.removeVolume(`${place.name}_store-data`);

    await expect(installFixture(place, fixturePorts())).rejects.toMatchObject({ code: "DATA_EXPECTED" });
    expect(await engineObjects(place.name)).not.toContain(`${place.name}_store-data`);
    const accepted = await installFixture({ ...place, request: { acceptDataLoss: ["store"] } }, fixturePorts());
    expect(accepted.changed).toBe(true);
    expect((await status(place, fixturePorts())).overall).toBe("healthy");
  });

  test("nobody reaches a store that is set up anew before its jobs are done", async () => {
    await installFixture(place, fixturePorts());
    const ids = await containerIds(place.name);
    const { docker } = fixturePorts();
    await docker.removeContainer(ids["store"] ?? "");
    await docker.removeVolume(`${place.name}_store-data`);
    const before = await docker.inspect(ids["app"] ?? "");
    const states: string[] = [];
    const ports = fixturePorts({
      report: (event) => {
        if (event.type === "item") states.push(`${event.id} ${event.state}`);
      },
    });

    await installFixture({ ...place, request: { acceptDataLoss: ["store"] } }, ports);
    const after = await docker.inspect(ids["app"] ?? "");
    const journal = readFileSync(join(place.stateDir, "journal"), "utf8");
    const done = [...journal.matchAll(/"step":"([^"]+)"/g)].map(([, step]) => step ?? "");

    expect(states.filter((state) => /^(app|prepare|store) /.test(state))).toEqual([
      "app waiting",
      "store starting",
      "store healthy",
      "prepare running",
      "prepare done",
      "app starting",
      "app healthy",
    ]);
    expect(done.lastIndexOf("hold:app")).toBeLessThan(done.lastIndexOf("start:store"));
    expect(after.startedAt).not.toBe(before.startedAt);
  });

  test("an emptied volume is noticed by its missing marker", async () => {
    await installFixture(place, fixturePorts());
    const { docker } = fixturePorts();
    await killByHand(place.name, "store");
    const [volume] = await docker.volumes({ "dev.slipway.name": place.name });
    rmSync(join(volume?.mountpoint ?? "/nonexistent", "initialised"));

    await expect(installFixture(place, fixturePorts())).rejects.toThrow(/^data of store was here and is gone/);
  });

  test("a lost secret is never made anew while its data exists", async () => {
    await installFixture(place, fixturePorts());
    rmSync(join(place.stateDir, "secrets/store-password"));

    await expect(installFixture(place, fixturePorts())).rejects.toMatchObject({
      code: "DATA_EXPECTED",
      message: "the secret store-password is gone, and data made with it exists",
    });
    expect(existsSync(join(place.stateDir, "secrets/store-password"))).toBe(false);
  });

  test("volumes of an install whose state is gone are not taken over", async () => {
    await installFixture(place, fixturePorts());
    renameSync(place.stateDir, `${place.stateDir}-away`);

    await expect(installFixture(place, fixturePorts())).rejects.toMatchObject({ code: "DATA_EXPECTED" });
    expect(existsSync(place.stateDir)).toBe(false);
    // A purge needs the records too.
    renameSync(`${place.stateDir}-away`, place.stateDir);
  });
});

describe("two runs and interrupted ones", () => {
  test("of two runs at once exactly one proceeds, and the other names it without waiting for it", async () => {
    const hold = holdAt(dirname(place.stateDir), "after:create:intent");
    const first = program.start(place, hold.environment);
    await hold.reached(first.ended);

    const second = await program.run(place);
    const stillAtWork = first.child.exitCode === null;
    hold.release();
    const ended = await first.ended;

    expect(second.exitCode).toBe(75);
    expect(second.stderr).toContain(`process ${first.child.pid ?? 0}, since `);
    expect(second.stderr).toContain("run-fixture");
    expect(stillAtWork).toBe(true);
    expect(ended.exitCode).toBe(0);
  });

  test("Ctrl-C ends a run with 130, and the same command goes on", async () => {
    const hold = holdAt(dirname(place.stateDir), "after:start:store:intent");
    const running = program.start(place, hold.environment);
    await hold.reached(running.ended);
    running.child.kill("SIGINT");
    await untilTrue(running.ended, "the signal to be seen", () => running.stderr().includes("SIGINT"));
    hold.release();
    const ended = await running.ended;
    const again = await program.run(place);

    expect(ended.exitCode).toBe(130);
    expect(ended.stderr).toContain("INTERRUPTED");
    expect(again.exitCode).toBe(0);
    expect((await status(place, fixturePorts())).overall).toBe("healthy");
  });

  test("no program of a killed run lives on", async () => {
    const killed = await program.run(place, { SLIPWAY_FAILPOINT: "after:create:intent" });
    const left = spawnSync("pgrep", ["--full", `project-name ${place.name}`]);

    expect(killed.signal).toBe("SIGKILL");
    expect(left.status).toBe(1);
  });
});
