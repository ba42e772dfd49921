import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { installFixture, upgradeFixture } from "../../../test/support/fixture-install.ts";
import { PreflightError } from "../../errors/installer-error.ts";
import { walServiceId } from "../../plan/groups/wal.ts";
import { status } from "../status/status.ts";
import { before, failAt, inFreshFolder, installed, readRecords } from "./testing/installed.ts";
import { findUpgrade, undoUpgrade } from "./undo-upgrade.ts";
import { acceptUpgrade } from "./accept-upgrade.ts";

inFreshFolder();

const recordOf = (stateDir: string) => join(stateDir, "upgrade.json");

describe("copies that are being removed are never put back", () => {
  test.each(["upgrade:forgetting", "upgrade:discarded"])("by an acceptance that stops at %s", async (point) => {
    const { ports, place, up } = await installed();
    await up();
    await expect(acceptUpgrade(place, { ...ports, failpoint: failAt(point) })).rejects.toThrow("stopped");
    const release = (await status(place, ports)).release;

    expect(await findUpgrade(place, ports)).toMatchObject({ loses: false });
    await expect(undoUpgrade(place, ports)).rejects.toMatchObject({ message: "there is no upgrade of p to take back" });

    expect((await status(place, ports)).release).toBe(release);
    expect(existsSync(recordOf(place.stateDir))).toBe(false);
    expect(await up()).toMatchObject({ changed: false, from: "0.2.0" });
  });

  test("by an acceptance that is given again", async () => {
    const { ports, place, up } = await installed();
    await up();
    await expect(acceptUpgrade(place, { ...ports, failpoint: failAt("upgrade:discarded") })).rejects.toThrow("stopped");

    expect(await acceptUpgrade(place, ports)).toMatchObject({ from: "0.1.0", to: "0.2.0" });
  });

  test.each(["upgrade:forgetting", "upgrade:discarded"])("by a way back that stops at %s", async (point) => {
    const { world, ports, place, records, up } = await installed();
    await up();
    await expect(undoUpgrade(place, { ...ports, failpoint: failAt(point) })).rejects.toThrow("stopped");
    const written = world.stores.get("store/data");

    expect(await undoUpgrade(place, ports)).toMatchObject({ from: "0.1.0", to: "0.2.0" });

    expect(world.stores.get("store/data")).toBe(written);
    expect(readRecords(place.stateDir)).toEqual(records);
    expect(existsSync(recordOf(place.stateDir))).toBe(false);
  });

  test("where somebody removed them", async () => {
    const { world, ports, place, up } = await installed();
    await up();
    world.kept?.stores.clear();

    await expect(undoUpgrade(place, ports)).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: "what going back needs is gone: store/data",
    });
    expect(await status(place, ports)).toMatchObject({ overall: "healthy", release: 2 });
    expect(JSON.parse(readFileSync(recordOf(place.stateDir), "utf8"))).toMatchObject({ phase: "applied" });
  });
});

describe("an upgrade that was cut off after its copies were made", () => {
  async function cutOff() {
    const platform = await installed();
    const { ports, up } = platform;
    await expect(up({}, { ...ports, failpoint: failAt("change:begun") })).rejects.toThrow("stopped");
    return platform;
  }

  test("goes back by itself where the error came in the same run", async () => {
    const { place, records } = await cutOff();

    expect(existsSync(recordOf(place.stateDir))).toBe(false);
    expect(readRecords(place.stateDir)).toEqual(records);
  });

  test("stays as it is where another run fails, before it changes anything or later", async () => {
    const { world, ports, place, up } = await installed();
    await up();
    const record = JSON.parse(readFileSync(recordOf(place.stateDir), "utf8")) as object;
    writeFileSync(recordOf(place.stateDir), JSON.stringify({ ...record, phase: "kept" }));
    const fails = () => Promise.reject(new PreflightError("port 80 is taken"));

    await expect(
      upgradeFixture({ ...place, version: "0.2.0", form: 2, greeting: "oh" }, ports, { preflight: fails }),
    ).rejects.toMatchObject({
      message: "port 80 is taken",
      hint: "slipway upgrade goes on with the upgrade, and slipway rollback goes back",
    });
    world.behaviours.set("app", { status: 7 });
    await expect(up({ greeting: "oh" })).rejects.toMatchObject({
      hint: "slipway upgrade goes on with the upgrade, and slipway rollback goes back",
    });

    expect(JSON.parse(readFileSync(recordOf(place.stateDir), "utf8"))).toMatchObject({ phase: "kept" });
    expect(await findUpgrade(place, ports)).toMatchObject({ loses: true });
  });

  test("is refused with values for which more would have to be kept", async () => {
    const { ports, place, up } = await installed();
    await up({ form: 1 });
    const record = JSON.parse(readFileSync(recordOf(place.stateDir), "utf8")) as object;
    writeFileSync(recordOf(place.stateDir), JSON.stringify({ ...record, phase: "kept" }));

    await expect(up({ form: 2 })).rejects.toMatchObject({
      message: "with these values store/data would have to be kept first, and the upgrade has begun without",
    });
    expect((await status(place, ports)).release).toBe(2);
  });
});

describe("until an upgrade is accepted", () => {
  test("no secret is replaced: going back needs those of today", async () => {
    const { ports, place, up } = await installed();
    await up({ form: 1 });

    const rotated = installFixture({ ...place, ...before, version: "0.2.0", request: { rotate: ["app-key"] } }, ports);

    await expect(rotated).rejects.toMatchObject({
      message: "the upgrade of p from 0.1.0 to 0.2.0 is not accepted yet, and going back needs the secrets of today",
    });
  });

  test("changes that were made since count as a loss, also where no data is put back", async () => {
    const { ports, place, up } = await installed();
    await up({ form: 1 });
    const unchanged = await findUpgrade(place, ports);
    await installFixture(
      { ...place, version: "0.2.0", form: 1, greeting: "changed", request: { skipVerify: true } },
      ports,
    );

    expect(unchanged).toEqual({ from: "0.1.0", to: "0.2.0", loses: false });
    expect(await findUpgrade(place, ports)).toEqual({ from: "0.1.0", to: "0.2.0", loses: true });
  });
});

test("an upgrade is refused where the write-ahead log is archived", async () => {
  const { place, up } = await installed();
  const plan = join(place.stateDir, "plan.json");
  const recorded = JSON.parse(readFileSync(plan, "utf8")) as {
    readonly components: readonly { readonly id: string }[];
  };
  const [first, ...others] = recorded.components;
  writeFileSync(plan, JSON.stringify({ ...recorded, components: [{ ...first, id: walServiceId }, ...others] }));

  await expect(up()).rejects.toMatchObject({
    message: "the write-ahead log is archived, and an archive cannot be taken back with the data",
    hint: "slipway install --set backup.wal=false, and switch it on again after the upgrade; nothing was changed",
  });
});
