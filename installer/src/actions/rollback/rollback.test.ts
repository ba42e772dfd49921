import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  fixturePorts,
  fixtureRollback,
  installFixture,
  type FixtureRequest,
} from "../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { readRevision } from "../../execute/history/revisions.ts";
import { openInstall } from "../../execute/state/install.ts";
import { diffRevisions } from "../history/diff.ts";
import { history } from "../history/history.ts";
import { status } from "../status/status.ts";
import { rollback, type RollbackRequest } from "./rollback.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-rollback-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function platform() {
  const world = createMemoryTarget();
  const ports = { ...fixturePorts(), target: world.target };
  const place = { name: "p", stateDir: join(folder, "state") };
  const sources = fixtureRollback(world.target);
  const install = (more: Partial<FixtureRequest> = {}) =>
    installFixture({ ...place, ...more, request: { skipVerify: true, ...more.request } }, ports);
  const back = (more: Partial<RollbackRequest> = {}) =>
    rollback({ ...place, skipVerify: true, ...more }, ports, sources);
  return { world, ports, place, install, back };
}

describe("a rollback", () => {
  test("makes the platform what it was one revision earlier, as a revision of its own", async () => {
    const { ports, place, install, back } = platform();
    await install();
    await install({ greeting: "good evening" });

    const result = await back();

    expect(result).toMatchObject({
      kind: "RollbackResult",
      to: { revision: 1 },
      revision: 3,
      changed: true,
      values: [{ path: "greeting", from: '"good evening"', to: "hello" }],
    });
    expect(result.changes.filter(({ action }) => action !== "unchanged")).toMatchObject([
      { id: "app", action: "recreate" },
    ]);
    expect((await diffRevisions({ ...place, from: 1, to: 3 }, ports)).changed).toBe(false);
    expect((await history(place, ports)).entries.at(-1)).toMatchObject({
      command: "rollback 1",
      revision: 3,
      changed: ['greeting "good evening" → hello', "recreate app"],
    });
  });

  test("renders what was rendered: the order of what stands in files is kept, too", async () => {
    const { ports, place, install } = platform();
    await install();
    const recorded = JSON.parse(readFileSync(join(place.stateDir, "plan.json"), "utf8")) as unknown;
    await install({ greeting: "good evening" });

    const { plan } = await readRevision(ports.fs, await openInstall(place, ports.fs), 1);

    expect(JSON.stringify(plan)).toBe(JSON.stringify(recorded));
  });

  test("can be taken back", async () => {
    const { ports, place, install, back } = platform();
    await install();
    await install({ greeting: "good evening" });
    await back();

    const result = await back({ to: 2 });

    expect(result).toMatchObject({ to: { revision: 2 }, revision: 4 });
    expect((await diffRevisions({ ...place, from: 2, to: 4 }, ports)).changed).toBe(false);
  });

  test("leads back from a change that did not end well to what was before it", async () => {
    const { world, ports, place, install, back } = platform();
    await install();
    await install({ greeting: "good evening" });
    world.behaviours.set("app", { status: 7 });
    await expect(install({ greeting: "oh", appFails: true })).rejects.toThrow();
    world.behaviours.delete("app");

    const result = await back();
    const seen = await status(place, ports);

    expect(result).toMatchObject({ to: { revision: 2 }, revision: 2, changed: true });
    expect(seen).toMatchObject({ overall: "healthy", release: 2 });
    expect(await install({ greeting: "good evening" })).toMatchObject({ changed: false });
  });

  test("that was killed goes on to where it was on its way", async () => {
    const { world, ports, place, install, back } = platform();
    await install();
    await install({ greeting: "good evening" });
    world.behaviours.set("app", { status: 7 });
    await expect(back()).rejects.toThrow();
    world.behaviours.delete("app");

    const result = await back();

    expect(result).toMatchObject({ to: { revision: 1 }, revision: 3, changed: true });
    expect((await diffRevisions({ ...place, from: 1, to: 3 }, ports)).changed).toBe(false);
  });

  test("brings a component back that was switched off, and its data with it", async () => {
    const { ports, place, install, back } = platform();
    await install();
    await install({ withoutWeb: true });

    const result = await back();

    expect(result.changes).toContainEqual(expect.objectContaining({ id: "web", action: "create" }));
    expect((await status(place, ports)).overall).toBe("healthy");
  });

  test("only tells what it would do when asked to", async () => {
    const { ports, place, install, back } = platform();
    await install();
    await install({ greeting: "good evening" });

    const result = await back({ dryRun: true });

    expect(result).toMatchObject({ dryRun: true, changed: false, to: { revision: 1 }, revision: 0 });
    expect(result.changes).toContainEqual(expect.objectContaining({ id: "app", action: "recreate" }));
    expect((await history(place, ports)).revision).toBe(2);
  });

  test("changes nothing where the platform is as asked", async () => {
    const { install, back } = platform();
    await install();
    await install({ greeting: "good evening" });

    expect(await back({ to: 2 })).toMatchObject({ changed: false, revision: 2, values: [] });
  });
});

describe("a rollback is refused, and nothing is changed,", () => {
  test("where there is nothing to go back to", async () => {
    const { install, back } = platform();
    await expect(back()).rejects.toMatchObject({ message: "nothing is installed under the name p" });
    await install();

    await expect(back()).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: "p has only one revision, and it is in effect",
    });
    await expect(back({ to: 7 })).rejects.toMatchObject({ code: "USAGE", message: "there is no revision 7" });
  });

  test("to what another version of Slipway installed", async () => {
    const { ports, install, back } = platform();
    await install();
    await install({ greeting: "good evening" });
    Object.assign(ports.assets, { version: "9.9.9" });

    try {
      await expect(back()).rejects.toMatchObject({
        message: "revision 1 was installed by Slipway 0.0.0, and this is 9.9.9",
        hint: "take Slipway 0.0.0 to go back to it; nothing was changed",
      });
    } finally {
      Object.assign(ports.assets, { version: "0.0.0" });
    }
  });
});
