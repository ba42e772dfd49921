/** A platform whose write-ahead log is archived is lost, and comes back as it was at a moment between two backups. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type {
  BackupCreateResult,
  BackupListResult,
  BackupPruneResult,
  BackupVerifyResult,
} from "../../src/actions/backup/backup.ts";
import type { RestoreResult } from "../../src/actions/backup/restore.ts";
import { readImageTable } from "../../src/actions/desired/load-plan.ts";
import { walServiceId } from "../../src/plan/groups/wal.ts";
import type { StatusResult } from "../../src/actions/status/status.ts";
import { openAssets } from "../../src/cli/assets.ts";
import { openPlatformStores, type PlatformStores } from "../support/platform-stores.ts";
import { mustInstall, openPlatform, type Platform } from "../support/platform.ts";

let platform: Platform;
let directory: string;
let keyFile: string;
let stores: PlatformStores;
let backups: readonly [before: string, after: string];
/** After the second row, and before the third. */
let moment: string;

beforeAll(async () => {
  platform = await openPlatform({ arguments: ["--without", "casdoor"] });
  directory = join(platform.folder, "backups");
  keyFile = join(platform.folder, "recovery-key");
  const kept = ["backup.mode=embedded", `backup.directory=${directory}`, "backup.wal=true"];
  await mustInstall(platform, "--no-verify", ...kept.flatMap((one) => ["--set", one]));
  await platform.run(["backup", "keygen", "-o", keyFile]);
}, 300_000);

afterAll(async () => {
  await stores.close().catch(() => undefined);
  const image = readImageTable(openAssets())["toolbox"]?.reference ?? "";
  const how = ["--rm", "--user", "0", "--network", "none", "--volume", `${directory}:/backups`, "--entrypoint", "sh"];
  await platform.docker("run", ...how, image, "-c", "rm -rf /backups/*").catch(() => undefined);
  await platform.dispose();
}, 120_000);

async function standing(): Promise<NonNullable<NonNullable<StatusResult["backup"]>["wal"]>> {
  const { backup } = await platform.json<StatusResult>(["status"]);
  if (backup?.wal === undefined) throw new Error("status tells nothing of the write-ahead log");
  return backup.wal;
}

/** Waits until everything that was written before now is stored: what receives the log stores it, too, when it is asked to end. */
async function untilStored(): Promise<void> {
  const now = new Date().toISOString();
  const again = await platform.run(["restart", walServiceId]);
  expect(again.exitCode, again.stderr).toBe(0);
  for (let tries = 0; tries < 100; tries += 1) {
    if (((await standing()).through ?? "") > now) return;
    await delay(2000);
  }
  throw new Error(`nothing was stored since ${now}: ${JSON.stringify(await standing())}`);
}

async function write(id: number): Promise<void> {
  await stores.query("insert into written_to_log values ($1)", [id]);
}

async function pause(): Promise<string> {
  await delay(500);
  const now = new Date().toISOString();
  await delay(500);
  return now;
}

it("status says what is missing before anything can be brought back", async () => {
  const before = await standing();
  const init = await platform.run(["backup", "init", "--recovery-key-file", keyFile]);

  expect(before).toMatchObject({ late: true });
  expect(before.lossSeconds).toBeUndefined();
  expect(init.exitCode, init.stderr).toBe(0);
});

it("status measures what would be lost: less than five minutes", async () => {
  stores = await openPlatformStores(platform);
  await stores.query("create table written_to_log (id int primary key)");
  await untilStored();
  const first = await platform.json<BackupCreateResult>(["backup", "create"]);
  await write(1);
  await stores.object("PUT", "after-the-first-backup", Buffer.from("x"));
  await write(2);
  moment = await pause();
  await write(3);
  const second = await platform.json<BackupCreateResult>(["backup", "create", "--no-proof"]);
  backups = [first.backup, second.backup];
  await untilStored();

  const wal = await standing();
  const shown = await platform.run(["status"]);
  const { backups: listed } = await platform.json<BackupListResult>(["backup", "list"]);

  expect(wal).toMatchObject({ late: false });
  expect(wal.lossSeconds).toBeLessThanOrEqual(300);
  expect(wal.problem).toBeUndefined();
  expect(shown.stdout).toMatch(/write-ahead log: .* would be lost; stored up to 20/);
  expect(listed.map(({ id }) => id)).toEqual(backups);
  expect(listed.every(({ walThrough = "" }) => walThrough > moment)).toBe(true);
});

function restoreTo(toTime: string): readonly string[] {
  return ["restore", "--from", directory, "--recovery-key-file", keyFile, "--to-time", toTime];
}

it("a moment that cannot be reached is named, with the one that can", async () => {
  await stores.close();
  const purge = await platform.run(["uninstall", "--purge", "--yes-i-mean", platform.name]);
  const [zoneless, future] = [
    await platform.run(restoreTo("2026-11-30T12:34:56")),
    await platform.run(restoreTo("2999-01-01T00:00:00Z")),
  ];
  const early = await platform.run(restoreTo("2020-01-01T00:00:00Z"));
  const late = await platform.run(restoreTo(new Date().toISOString()));

  expect(purge.exitCode, purge.stderr).toBe(0);
  expect([zoneless.exitCode, future.exitCode, early.exitCode, late.exitCode]).toEqual([2, 2, 4, 4]);
  expect(zoneless.stderr).toMatch(/is no moment with a time zone[^]*hint: .*12:34:56Z/);
  expect(future.stderr).toContain("is in the future");
  expect(early.stderr).toMatch(/lies before the first backup[^]*hint: the first moment/);
  expect(late.stderr).toMatch(/lies after what was stored of the write-ahead log[^]*hint: the last moment .* is 20/);
});

it("the platform comes back as it was at the moment, also when it is killed on the way", async () => {
  const killed = await platform.run(restoreTo(moment), {
    environment: { SLIPWAY_FAILPOINT: "restore:stores-are-back" },
  });
  const other = await platform.run(restoreTo("2026-01-01T00:00:00Z"));
  const restored = await platform.json<RestoreResult>(restoreTo(moment));
  stores = await openPlatformStores(platform);
  const rows = await stores.query<{ id: number }>("select id from written_to_log order by id");
  const object = await stores.object("GET", "after-the-first-backup");

  expect(killed.signal).toBe("SIGKILL");
  expect(other.exitCode).toBe(2);
  expect(other.stderr).toContain("another restore of");
  expect(restored).toMatchObject({ moment, backup: { id: backups[0] }, files: { id: backups[1] } });
  expect(rows.map(({ id }) => id)).toEqual([1, 2]);
  expect(object.status).toBe(200);
  expect((await platform.json<StatusResult>(["status"])).overall).toBe("healthy");
});

it("begins another line, which leads to moments from the next backup on", async () => {
  const before = await standing();
  await platform.json<BackupCreateResult>(["backup", "create", "--no-proof"]);
  const after = await standing();

  expect(before.lossSeconds).toBeUndefined();
  expect(before.problem).toContain("slipway backup create");
  expect(after.lossSeconds).toBeLessThanOrEqual(300);
});

it("backup prune takes the log along that no backup needs, and leaves what is whole", async () => {
  const pruned = await platform.json<BackupPruneResult>(["backup", "prune"]);
  const { backups: listed } = await platform.json<BackupListResult>(["backup", "list"]);
  const verified = await platform.json<BackupVerifyResult>(["backup", "verify"]);

  // All are of one day, or of two where it has just begun.
  expect(pruned.removed).toBeGreaterThan(0);
  expect(listed).toHaveLength(pruned.kept);
  expect(verified).toMatchObject({ ok: true, problems: [] });
  expect((await standing()).lossSeconds).toBeLessThanOrEqual(300);
});
