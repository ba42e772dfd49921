import { expect, it } from "vitest";
import type { UpgradeResult } from "../../actions/upgrade/upgrade.ts";
import { apiVersion, cli, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const result: UpgradeResult = {
  ...{ apiVersion, kind: "UpgradeResult", name: "slipway", dryRun: false, changed: true, revision: 2, ms: 4200 },
  ...{ from: "0.1.0", to: "0.2.0", rehearsedMs: 60_000, urls: [] },
  kept: { stores: ["postgres/data", "redis/data"], bytes: 3 * 1024 ** 2, at: "2026-01-01T10:00:00.000Z" },
  changes: [
    { subject: "component", id: "postgres", action: "recreate", reasons: [] },
    { subject: "component", id: "redis", action: "unchanged", reasons: [] },
  ],
};

it("upgrade says what is kept, and how it goes on", async () => {
  const run = await cli("upgrade --no-rehearsal --without-backup --timeout 5m", {
    upgrade: () => Promise.resolve(result),
  });

  expect(run.requests["upgrade"]?.[0]).toMatchObject({
    ...{ dryRun: false, withoutRehearsal: true, withoutBackup: true, timeoutSeconds: 300 },
  });
  expect(run.stdout()).toContain("slipway was taken from 0.1.0 to 0.2.0 (revision 2, 4.2 s)");
  expect(run.stdout()).toContain("rehearsed with the newest backup in 1 min");
  expect(run.stdout()).toContain(
    "kept to go back to: postgres/data, redis/data (3 MiB); what people write from now on is lost by going back",
  );
  expect(run.stdout()).toContain("slipway upgrade --accept");
});

it("upgrade --dry-run says what it would change and keep", async () => {
  const dry = { ...result, dryRun: true, changed: false, revision: 0 };
  const run = await cli("upgrade --dry-run", { upgrade: () => Promise.resolve(dry) });
  const without = await cli("upgrade --dry-run", { upgrade: () => Promise.resolve({ ...dry, kept: { stores: [] } }) });

  expect(run.requests["upgrade"]?.[0]).toMatchObject({ dryRun: true, withoutRehearsal: false });
  expect(run.stdout()).toContain("postgres");
  expect(run.stdout()).toContain("slipway would be taken from 0.1.0 to 0.2.0; nothing was done (--dry-run)");
  expect(without.stdout()).toContain("no data is copied: no program that has any is another than before");
});

it("upgrade says so where the version is installed already", async () => {
  const same = { ...result, from: "0.2.0", changed: false };
  const run = await cli("upgrade", { upgrade: () => Promise.resolve(same) });

  expect(run.stdout()).toContain("slipway is of version 0.2.0 already; slipway install applies other values");
});

it("upgrade --accept removes what is kept", async () => {
  const accepted = { apiVersion, kind: "UpgradeAcceptResult", name: "slipway", from: "0.1.0", to: "0.2.0" } as const;
  const run = await cli("upgrade --accept", { acceptUpgrade: () => Promise.resolve(accepted) });

  expect(run.requests["upgrade"]).toBeUndefined();
  expect(run.stdout()).toContain("the upgrade of slipway from 0.1.0 to 0.2.0 is accepted; what was kept is removed");
});
