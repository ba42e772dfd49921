import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixturePorts, installFixture, type FixtureRequest } from "../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { stop } from "../lifecycle/lifecycle.ts";
import { uninstall } from "../uninstall/uninstall.ts";
import { diffRevisions } from "./diff.ts";
import { history } from "./history.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-history-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function platform() {
  const world = createMemoryTarget();
  const ports = { ...fixturePorts(), target: world.target };
  const place = { name: "p", stateDir: join(folder, "state") };
  const install = (more: Partial<FixtureRequest> = {}) =>
    installFixture({ ...place, ...more, request: { skipVerify: true, ...more.request } }, ports);
  return { world, ports, place, install };
}

test("what was done is listed with its revision, result and what changed in a few words", async () => {
  const { world, ports, place, install } = platform();
  await install();
  await install();
  await install({ greeting: "good evening" });
  world.behaviours.set("prepare", { status: 1 });
  await expect(install({ jobFails: true, greeting: "oh" })).rejects.toThrow();
  await stop({ ...place, components: ["web"] }, ports);

  const told = await history(place, ports);

  expect(told).toMatchObject({ kind: "HistoryResult", name: "p", revision: 2, revisions: [1, 2] });
  expect(told.entries).toMatchObject([
    {
      command: "install",
      revision: 1,
      result: "complete",
      version: "0.0.0",
      changed: expect.arrayContaining(["run prepare"]) as string[],
    },
    {
      command: "install",
      revision: 2,
      result: "complete",
      changed: ['greeting hello → "good evening"', "recreate app"],
    },
    { command: "install", result: "failed", error: { code: "APPLY_FAILED" } },
    { command: "stop web", result: "complete", changed: ["stop web"] },
  ]);
  expect(told.entries[2]).not.toHaveProperty("revision");
});

test("two revisions, or one and what is in effect, are compared; of a secret only that it is another", async () => {
  const { ports, place, install } = platform();
  await install({ given: "first-secret" });
  await install({ given: "first-secret", greeting: "good evening" });
  await install({ given: "second-secret", greeting: "good evening", withoutWeb: true });

  const latest = await diffRevisions({ ...place, from: 2 }, ports);
  const first = await diffRevisions({ ...place, from: 1, to: 2 }, ports);
  const same = await diffRevisions({ ...place, from: 3 }, ports);

  expect(latest).toMatchObject({ from: { revision: 2 }, to: { revision: 3 }, changed: true, incomplete: false });
  expect(latest.values.map(({ path }) => path)).toEqual(["app.given", "web"]);
  expect(latest.plan).toMatchObject(
    expect.arrayContaining([expect.objectContaining({ subject: "component", id: "web" })]),
  );
  expect(latest.secrets).toContainEqual({ name: "app-given", change: "changed" });
  expect(first.values).toEqual([{ path: "greeting", from: "hello", to: '"good evening"' }]);
  expect(first.plan).toEqual([
    { subject: "component", id: "app", change: "changed", details: ["env[GREETING].value hello → good evening"] },
  ]);
  expect(same).toMatchObject({ changed: false, values: [], plan: [], images: [], secrets: [] });
});

test("a revision that there is not is told with those there are", async () => {
  const { ports, place, install } = platform();
  await expect(diffRevisions({ ...place, from: 1 }, ports)).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: "nothing is installed under the name p",
  });
  for (const greeting of ["a", "b", "c"]) await install({ greeting });
  rmSync(join(place.stateDir, "revisions/1.json"));

  await expect(diffRevisions({ ...place, from: 1, to: 9 }, ports)).rejects.toMatchObject({
    code: "USAGE",
    message: "there is no revision 1 and no 9",
    hint: "revisions are 2, 3; slipway history says what was done at each",
  });
});

test("what an older version installed has its revision, also after the next change", async () => {
  const { ports, place, install } = platform();
  await install();
  for (const name of ["history", "revisions"]) rmSync(join(place.stateDir, name), { recursive: true, force: true });

  const [entry] = (await history(place, ports)).entries;
  await install({ greeting: "good evening" });

  expect(entry).toMatchObject({ revision: 1, result: "complete", version: "0.0.0", changed: [] });
  expect((await history(place, ports)).entries).toMatchObject([{ revision: 1 }, { revision: 2, command: "install" }]);
  expect((await diffRevisions({ ...place, from: 1 }, ports)).values).toHaveLength(1);
});

test("a first install that failed has a history and no revision", async () => {
  const { world, ports, place, install } = platform();
  world.behaviours.set("prepare", { status: 1 });
  await expect(install()).rejects.toThrow();

  expect(await history(place, ports)).toMatchObject({ revision: 0, revisions: [], entries: [{ result: "failed" }] });
  await expect(diffRevisions({ ...place, from: 1 }, ports)).rejects.toMatchObject({
    message: "p has no revision yet: no install of it was completed",
  });
});

test("records are their owner's alone, and a damaged revision is named", async () => {
  const { ports, place, install } = platform();
  await install();
  await install({ greeting: "good evening" });
  const file = join(place.stateDir, "revisions/1.json");

  expect(readdirSync(join(place.stateDir, "revisions"))).toEqual(["1.json"]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(place.stateDir, "revisions")).mode & 0o777).toBe(0o700);
  writeFileSync(file, readFileSync(file, "utf8").replace('["hello"]', '["hallo"]'));
  await expect(diffRevisions({ ...place, from: 1 }, ports)).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: `${file} is damaged: its plan is not the one that was recorded`,
  });
});

test("the history outlives an uninstall that keeps the data", async () => {
  const { ports, place, install } = platform();
  await install();
  await uninstall({ ...place, purge: false }, ports);

  expect((await history(place, ports)).entries).toMatchObject([
    { command: "install", revision: 1 },
    { command: "uninstall", result: "complete" },
  ]);
  await install({ greeting: "back" });
  expect((await diffRevisions({ ...place, from: 1 }, ports)).values).toMatchObject([{ path: "greeting" }]);
});
