import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixturePorts, installFixture } from "../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { start, stop } from "./lifecycle.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-lifecycle-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** An install that was interrupted before `app` was made: its image was still being built. */
async function interrupted() {
  const world = createMemoryTarget();
  const ports = { ...fixturePorts(), target: world.target };
  const place = { name: "p", stateDir: join(folder, "state") };
  world.behaviours.set("prepare", { status: 1 });
  await installFixture(place, ports).catch(() => undefined);
  expect([...world.services.keys()].sort()).toEqual(["store", "web"]);
  return { world, ports, place };
}

test("what runs of an install that was interrupted can be stopped", async () => {
  const { world, ports, place } = await interrupted();

  const { components } = await stop(place, ports);

  expect(Object.fromEntries(components.map(({ id, changed }) => [id, changed]))).toEqual({
    app: false,
    store: true,
    web: true,
  });
  expect([...world.services.values()].map(({ phase }) => phase)).toEqual(["exited", "exited"]);
});

test("what was never made cannot be started, and one that is named must be there", async () => {
  const { world, ports, place } = await interrupted();
  const gone = { code: "PREFLIGHT_FAILED", message: "the container of app is gone" };

  await expect(start(place, ports)).rejects.toMatchObject(gone);
  await expect(stop({ ...place, components: ["app"] }, ports)).rejects.toMatchObject(gone);
  world.services.clear();
  const nothing = { code: "PREFLIGHT_FAILED", message: "nothing of p is there" };
  await expect(stop(place, ports)).rejects.toMatchObject(nothing);
  await expect(start(place, ports)).rejects.toMatchObject(nothing);
});

test("what an incomplete change is to take away is stopped with the rest", async () => {
  const world = createMemoryTarget();
  const ports = { ...fixturePorts(), target: world.target };
  const place = { name: "p", stateDir: join(folder, "state") };
  await installFixture(place, ports);
  const killed = {
    ...ports,
    failpoint: (name: string) => (name === "change:begun" ? Promise.reject(new Error("killed")) : Promise.resolve()),
  };
  await expect(installFixture({ ...place, withoutWeb: true }, killed)).rejects.toThrow("killed");

  await stop(place, ports);

  expect([...world.services.values()].map(({ phase }) => phase)).toEqual(["exited", "exited", "exited"]);
});

test("several components are touched in the order that the whole has, also with others between them", async () => {
  const world = createMemoryTarget();
  const ports = { ...fixturePorts(), target: world.target };
  const place = { name: "p", stateDir: join(folder, "state") };
  await installFixture(place, ports);

  const stopped = await stop({ ...place, components: ["store", "app"] }, ports);
  const started = await start({ ...place, components: ["app", "store", "app"] }, ports);

  expect(stopped.components.map(({ id }) => id)).toEqual(["app", "store"]);
  expect(world.services.get("web")?.phase).toBe("running");
  expect(started.components.map(({ id }) => id)).toEqual(["store", "app"]);
  await expect(stop({ ...place, components: ["app", "nope", "prepare"] }, ports)).rejects.toMatchObject({
    code: "USAGE",
    message: "there is no component nope and no prepare that runs here",
  });
});
