import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { installFixture, upgradeFixture } from "../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { InterruptedError } from "../../errors/installer-error.ts";
import { backupJobs } from "../../plan/components/backup.ts";
import type { ActionPorts } from "../context.ts";
import { history } from "../history/history.ts";
import { status } from "../status/status.ts";
import { after, before, failAt, folder, inFreshFolder, installed, readRecords } from "./testing/installed.ts";
import { undoUpgrade } from "./undo-upgrade.ts";
import { acceptUpgrade } from "./accept-upgrade.ts";

inFreshFolder();

describe("an upgrade", () => {
  test("keeps what was before, takes the platform to the version of the program, and waits to be accepted", async () => {
    const { world, ports, place, up } = await installed();

    const result = await up();

    expect(result).toMatchObject({
      kind: "UpgradeResult",
      from: "0.1.0",
      to: "0.2.0",
      changed: true,
      revision: 2,
      kept: { stores: ["store/data"], bytes: 1 },
    });
    expect((await history(place, ports)).entries.at(-1)).toMatchObject({
      command: "upgrade 0.1.0 to 0.2.0",
      version: "0.2.0",
      revision: 2,
    });
    expect(world.kept?.stores.get("store/data")).toBeDefined();
    expect((await status(place, ports)).overall).toBe("healthy");
    await expect(up()).rejects.toMatchObject({
      message: "p was upgraded from 0.1.0 to 0.2.0 already, which is not accepted yet",
    });
    expect(await acceptUpgrade(place, ports)).toMatchObject({
      kind: "UpgradeAcceptResult",
      from: "0.1.0",
      to: "0.2.0",
    });
    expect(world.kept).toBeUndefined();
    expect(existsSync(join(place.stateDir, "before-upgrade"))).toBe(false);
    expect(await up()).toMatchObject({ changed: false, from: "0.2.0", to: "0.2.0" });
  });

  test("stops nothing and copies no data where only programs without any are others", async () => {
    const { ports, place, up } = await installed();

    const result = await up({ form: 1 });

    expect(result).toMatchObject({ changed: true, kept: { stores: [] } });
    expect(result.changes.filter(({ action }) => action !== "unchanged")).toMatchObject([{ id: "app" }]);
    expect((await undoUpgrade(place, ports)).lostSince).toBeUndefined();
  });

  test("that fails puts back what was before by itself: records, services and data", async () => {
    const { world, ports, place, records, up } = await installed();
    const services = new Map(world.services);
    world.behaviours.set("app", { status: 7 });
    const told: string[] = [];
    const report: ActionPorts["report"] = (event) => {
      if (event.type !== "warning" || !event.message.includes("going back")) return;
      told.push(event.message);
      // It is the newer version that does not stay up.
      world.behaviours.delete("app");
    };

    await expect(up({}, { ...ports, report })).rejects.toMatchObject({
      code: "APPLY_FAILED",
      message: expect.stringContaining("app does not stay up") as string,
      hint: expect.stringMatching(/^p is back at 0\.1\.0, with its data as of 20.*; find out why it failed/) as string,
    });

    expect(told).toEqual(["the upgrade to 0.2.0 failed; going back to 0.1.0"]);
    expect(world.kept).toBeUndefined();
    expect((await history(place, ports)).entries.map(({ command, result }) => [command, result])).toEqual([
      ["install", "complete"],
      ["upgrade 0.1.0 to 0.2.0", "failed"],
      ["rollback to 0.1.0", "complete"],
    ]);
    expect(readRecords(place.stateDir)).toEqual(records);
    expect(
      [...world.services.values()].map(({ component, specHash, phase }) => [component, specHash, phase]).sort(),
    ).toEqual([...services.values()].map(({ component, specHash, phase }) => [component, specHash, phase]).sort());
  });

  test("can be taken back until it is accepted", async () => {
    const { world, ports, place, records, up } = await installed();
    await up();

    const undone = await undoUpgrade(place, ports);

    expect(undone).toMatchObject({ from: "0.1.0", to: "0.2.0", lostSince: expect.any(String) as string });
    expect(readRecords(place.stateDir)).toEqual(records);
    expect(world.kept).toBeUndefined();
    expect((await status(place, ports)).overall).toBe("healthy");
    await expect(undoUpgrade(place, ports)).rejects.toMatchObject({ message: "there is no upgrade of p to take back" });
    expect(await up()).toMatchObject({ changed: true, to: "0.2.0" });
  });

  test.each(["upgrade:keeping", "upgrade:stopped", "upgrade:copied", "upgrade:kept"])(
    "that stops at %s goes on or back",
    async (point) => {
      const { ports, place, records, up } = await installed();
      const stopped = { ...ports, failpoint: failAt(point), signal: AbortSignal.abort() };
      await expect(up({}, { ...stopped, signal: ports.signal })).rejects.toThrow("stopped");

      expect(await up()).toMatchObject({ changed: true });
      await undoUpgrade(place, ports);
      expect(readRecords(place.stateDir)).toEqual(records);
    },
  );

  test("that a person stops while data is copied leaves nothing stopped", async () => {
    const { world, ports, place, records, up } = await installed();
    const ctrlC = new AbortController();
    const failpoint: ActionPorts["failpoint"] = (name) => {
      if (name === "upgrade:stopped") ctrlC.abort();
      return name === "upgrade:copied" ? Promise.reject(new InterruptedError("interrupted")) : Promise.resolve();
    };

    await expect(up({}, { ...ports, failpoint, signal: ctrlC.signal })).rejects.toMatchObject({ code: "INTERRUPTED" });

    expect((await status(place, ports)).overall).toBe("healthy");
    expect(readRecords(place.stateDir)).toEqual(records);
    expect(world.kept).toBeUndefined();
    expect(existsSync(join(place.stateDir, "upgrade.json"))).toBe(false);
  });

  test("no other change comes between its steps", async () => {
    const { ports, place, up } = await installed();
    writeFileSync(
      join(place.stateDir, "upgrade.json"),
      JSON.stringify({ v: 1, phase: "kept", from: "0.1.0", to: "0.2.0", stores: [] }),
    );

    await expect(installFixture({ ...place, ...before, greeting: "oh" }, ports)).rejects.toMatchObject({
      message: "an upgrade of p from 0.1.0 to 0.2.0 is under way",
    });
    await expect(up({ version: "0.3.0" })).rejects.toMatchObject({
      message: "an upgrade of p from 0.1.0 to 0.2.0 is under way, and this program is 0.3.0",
    });
  });
});

describe("an upgrade is refused, and nothing is changed,", () => {
  test("to an older version, and where the way has a stop between", async () => {
    const { ports, place, up } = await installed();
    const platform = await status(place, ports);

    await expect(up({ version: "0.0.9" })).rejects.toMatchObject({ code: "PREFLIGHT_FAILED" });
    await expect(up({ version: "7.0.0" })).rejects.toMatchObject({ message: "no way is known from 0.1.0 to 7.0.0" });
    expect((await status(place, ports)).release).toBe(platform.release);
  });

  test("where there is no room for a copy of the data", async () => {
    const { world, up } = await installed();
    world.freeBytes = 1000;

    await expect(up()).rejects.toMatchObject({
      message: "a copy of the data takes 1 B, and 1000 B are free, of which 1 GiB are to stay so",
      hint: "make room where the data lies; nothing was changed",
    });
    expect(world.kept).toBeUndefined();
  });

  test("after a change that is not complete", async () => {
    const { world, ports, place, up } = await installed();
    world.behaviours.set("app", { status: 7 });
    await expect(installFixture({ ...place, ...before, greeting: "oh" }, ports)).rejects.toThrow();

    await expect(up()).rejects.toMatchObject({ message: "the last change of p is not complete" });
  });

  test("where backups are made and the newest is old, or was not proved", async () => {
    const { ports, place, up } = await installed();
    const plan = join(place.stateDir, "plan.json");
    const recorded = JSON.parse(readFileSync(plan, "utf8")) as { readonly jobs: readonly object[] };
    writeFileSync(plan, JSON.stringify({ ...recorded, jobs: [...recorded.jobs, { id: backupJobs.work }] }));
    const remember = (last: object, proof: object) =>
      writeFileSync(join(place.stateDir, "backups.json"), JSON.stringify({ last, proof }));
    const [now, old] = [new Date(), new Date(Date.now() - 25 * 3600 * 1000)].map((date) => date.toISOString());

    await expect(up()).rejects.toMatchObject({ message: "the newest backup is older than a day" });
    remember({ id: "a", at: old }, { id: "a", at: old });
    await expect(up()).rejects.toMatchObject({ message: "the newest backup is older than a day" });
    remember({ id: "b", at: now }, { id: "a", at: old });
    await expect(up()).rejects.toMatchObject({
      message: "the newest backup was not proved by restoring it",
      hint: "slipway backup verify --prove latest, or --without-backup; nothing was changed",
    });
    expect((await status(place, ports)).release).toBe(1);
  });

  test("on a target that can keep no copies", async () => {
    const { ports, up } = await installed();
    const target = { ...ports.target };
    Reflect.deleteProperty(target, "keeper");

    await expect(up({}, { ...ports, target })).rejects.toMatchObject({
      code: "USAGE",
      message: "on memory no copies of data can be kept to go back to, as an upgrade needs them",
    });
  });

  test("where nothing is installed, or no upgrade waits to be accepted", async () => {
    const { ports, place } = await installed();
    const empty = { ...ports, target: createMemoryTarget().target };

    await expect(upgradeFixture({ name: "q", stateDir: join(folder, "other"), ...after }, empty)).rejects.toMatchObject(
      {
        message: "nothing is installed under the name q",
      },
    );
    await expect(acceptUpgrade(place, ports)).rejects.toMatchObject({
      message: "no upgrade of p waits to be accepted",
    });
  });
});
