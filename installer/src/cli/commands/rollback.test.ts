import { expect, it } from "vitest";
import type { RollbackResult } from "../../actions/rollback/rollback.ts";
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

it("rollback says what is again as it was", async () => {
  const run = await cli("rollback 2 --no-verify --timeout 5m", { rollback: () => Promise.resolve(result) });

  expect(run.requests["rollback"]?.[0]).toMatchObject({ to: 2, dryRun: false, skipVerify: true, timeoutSeconds: 300 });
  expect(run.stdout()).toContain("ports.http 81 → 80");
  expect(run.stdout()).toContain("slipway is as at revision 2 (slipway 0.1.0) again (now revision 4, 4.2 s)");
});

it("rollback --dry-run says what would be done for it", async () => {
  const dry = { ...result, dryRun: true, changed: false, revision: 0 };
  const run = await cli("rollback --dry-run", { rollback: () => Promise.resolve(dry) });

  expect(run.requests["rollback"]?.[0]).not.toHaveProperty("to");
  expect(run.stdout()).toContain("gateway");
  expect(run.stdout()).not.toContain("redis");
  expect(run.stdout()).toContain("1 change leads back to revision 2 (slipway 0.1.0); nothing was done (--dry-run)");
});

it("rollback says so where nothing had to be changed", async () => {
  const run = await cli("rollback 2", { rollback: () => Promise.resolve({ ...result, changed: false, changes: [] }) });

  expect(run.stdout()).toContain("slipway is as at revision 2 (slipway 0.1.0); nothing was changed");
});
