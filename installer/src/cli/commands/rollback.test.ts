import { describe, expect, it } from "vitest";
import type { RollbackResult } from "../../actions/rollback/rollback.ts";
import type { OpenUpgrade, UpgradeUndoneResult } from "../../actions/upgrade/undo-upgrade.ts";
import type { Engine } from "../../engine/engine.ts";
import { apiVersion, cli, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const result: RollbackResult = {
  ...{ apiVersion, kind: "RollbackResult", name: "slipway", dryRun: false, changed: true, revision: 4, ms: 4200 },
  to: { revision: 2, at: "", version: "0.1.0", planHash: "a" },
  values: [{ path: "ports.http", from: "81", to: "80" }],
  changes: [
    { subject: "component", id: "gateway", action: "recreate", reasons: ["published[80] added: 80"] },
    { subject: "component", id: "redis", action: "unchanged", reasons: [] },
  ],
  urls: [],
};

const noUpgrade: Partial<Engine> = { findUpgrade: () => Promise.resolve(undefined) };

it("rollback says what is again as it was", async () => {
  const run = await cli("rollback 2 --no-verify --timeout 5m", { rollback: () => Promise.resolve(result) });

  expect(run.requests["rollback"]?.[0]).toMatchObject({ to: 2, dryRun: false, skipVerify: true, timeoutSeconds: 300 });
  expect(run.stdout()).toContain("ports.http 81 → 80");
  expect(run.stdout()).toContain("slipway is as at revision 2 (slipway 0.1.0) again (now revision 4, 4.2 s)");
});

it("rollback --dry-run says what would be done for it", async () => {
  const dry = { ...result, dryRun: true, changed: false, revision: 0 };
  const run = await cli("rollback --dry-run", { ...noUpgrade, rollback: () => Promise.resolve(dry) });

  expect(run.requests["rollback"]?.[0]).not.toHaveProperty("to");
  expect(run.stdout()).toContain("gateway");
  expect(run.stdout()).not.toContain("redis");
  expect(run.stdout()).toContain("1 change leads back to revision 2 (slipway 0.1.0); nothing was done (--dry-run)");
});

it("rollback says so where nothing had to be changed", async () => {
  const run = await cli("rollback 2", { rollback: () => Promise.resolve({ ...result, changed: false, changes: [] }) });

  expect(run.stdout()).toContain("slipway is as at revision 2 (slipway 0.1.0); nothing was changed");
});

describe("rollback after an upgrade that is not accepted", () => {
  const since = "2026-01-01T10:00:00.000Z";
  const open: OpenUpgrade = { from: "0.1.0", to: "0.2.0", loses: true, losesSince: since };
  const undone: UpgradeUndoneResult = {
    ...{ apiVersion, kind: "UpgradeUndoneResult", name: "slipway" },
    ...{ from: "0.1.0", to: "0.2.0", lostSince: since, ms: 4200 },
  };
  const engineWith = (found: OpenUpgrade): Partial<Engine> => ({
    findUpgrade: () => Promise.resolve(found),
    undoUpgrade: () => Promise.resolve(undone),
  });

  it("says what is lost, and wants the name", async () => {
    const dry = await cli("rollback --dry-run", engineWith(open));
    const unsaid = await cli("rollback", engineWith(open));
    const wrong = await cli("rollback --yes-i-mean other", engineWith(open));
    const said = await cli("rollback --yes-i-mean slipway", engineWith(open));

    expect(dry.stdout()).toContain(
      `slipway would go back from 0.2.0 to 0.1.0: everything written since ${since} is lost`,
    );
    expect(unsaid.status).toBe(10);
    expect(unsaid.stderr()).toContain("putting data back needs the install's name");
    expect(wrong.stderr()).toContain('--yes-i-mean names "other", but the install is "slipway"');
    expect([dry, unsaid, wrong].flatMap(({ requests }) => requests["undoUpgrade"] ?? [])).toEqual([]);
    expect(said.stdout()).toContain(`slipway is back from 0.2.0 at 0.1.0, with its data as of ${since} (4.2 s)`);
  });

  it("asks nothing where nothing can be lost", async () => {
    const stopped = await cli("rollback", engineWith({ ...open, loses: false }));
    const withoutData = await cli("rollback", engineWith({ from: "0.1.0", to: "0.2.0", loses: false }));

    expect([stopped.status, withoutData.status]).toEqual([0, 0]);
  });

  it("goes to a revision that is named", async () => {
    const run = await cli("rollback 2", { ...engineWith(open), rollback: () => Promise.resolve(result) });

    expect(run.requests["undoUpgrade"]).toBeUndefined();
    expect(run.stdout()).toContain("slipway is as at revision 2");
  });
});
