import { describe, expect, it } from "vitest";
import { findings } from "./testing/findings.ts";

// It is 12:00 on 21 November 2026.
const state = "/var/lib/slipway/slipway";
const installedAt = "2026-10-01T08:00:00.000Z";
const last = { id: "4f1c", at: "2026-11-21T02:15:00.000Z" };
const sound = {
  ...{ last, lossSeconds: 35_100, late: false },
  proof: { id: "4f1c", at: "2026-11-21T02:30:00.000Z", restoreSeconds: 60 },
  drill: { backup: "4f1c", at: "2026-11-01T02:30:00.000Z", wires: 80, ms: 1 },
};
const statusWith = (backup: object | undefined, more: object = {}) => ({
  ...{ components: [], foreign: [], full: [], overall: "healthy", installedAt },
  ...(backup === undefined ? {} : { backup }),
  ...more,
});
const messages = async (id: string, world: Parameters<typeof findings>[1]) =>
  (await findings(id, world)).map(({ message }) => message);

describe("backups", () => {
  const ids = ["age", "proof", "drill", "log", "runs", "directory"].map((word) => `live.backup-${word}`);

  it.each(ids)("that are as they should be are passed over: %s", async (id) => {
    expect(await findings(id, { status: statusWith(sound) })).toEqual([]);
  });

  it.each(ids)("of nothing that is installed are not looked for: %s", async (id) => {
    expect(await findings(id)).toEqual([]);
  });

  it("that are too old, or were never made, are told", async () => {
    const old = { last: { ...last, at: "2026-11-19T02:15:00.000Z" }, late: true };

    expect(await messages("live.backup-age", { status: statusWith(old) })).toEqual([
      "the newest backup is of 2026-11-19T02:15",
    ]);
    expect(await messages("live.backup-age", { status: statusWith({ late: true }) })).toEqual([
      "no backup was made yet",
    ]);
    expect(await messages("live.backup-age", { status: statusWith(undefined) })).toEqual([
      "no backups are made of this platform",
    ]);
  });

  it("are not missed where the platform was only just installed", async () => {
    const fresh = { installedAt: "2026-11-21T08:00:00.000Z" };

    expect(await findings("live.backup-age", { status: statusWith({ late: true }, fresh) })).toEqual([]);
    expect(await findings("live.backup-age", { status: statusWith(undefined, fresh) })).toEqual([]);
  });

  it("that were not restored, or not for long, are told", async () => {
    const never = { last, late: false };
    const long = { ...sound, proof: { ...sound.proof, at: "2026-11-10T02:30:00.000Z" } };

    expect(await messages("live.backup-proof", { status: statusWith(never) })).toEqual(["no backup was ever restored"]);
    expect(await messages("live.backup-proof", { status: statusWith(long) })).toEqual([
      "a backup was last restored on 2026-11-10",
    ]);
  });

  it("whose drills stopped are told", async () => {
    const long = { ...sound, drill: { ...sound.drill, at: "2026-10-10T02:30:00.000Z" } };

    expect(await messages("live.backup-drill", { status: statusWith(long) })).toEqual([
      "the last drill was on 2026-10-10",
    ]);
    expect(await findings("live.backup-drill", { status: statusWith({ last, late: false }) })).toEqual([]);
  });

  it("whose log is not stored any more are told, with why", async () => {
    const wal = { late: true, problem: "the service that stores it does not run" };

    expect(await messages("live.backup-log", { status: statusWith({ ...sound, wal }) })).toEqual([
      "the archive of the write-ahead log stands still: the service that stores it does not run",
    ]);
  });

  it("whose last run failed are told with its error, and not once one ended well", async () => {
    const run = (command: string, at: string, more: object) =>
      JSON.stringify({ v: 1, run: at, command, version: "0", at, changed: [], ...more });
    const failed = { result: "failed", error: { code: "APPLY_FAILED", message: "the repository does not answer" } };
    const lines = [
      run("backup create", "2026-11-20T02:15:00.000Z", failed),
      run("backup verify", "2026-11-20T03:15:00.000Z", failed),
      run("backup verify", "2026-11-21T03:15:00.000Z", { result: "complete" }),
      run("install", "2026-11-21T04:15:00.000Z", failed),
    ];
    const files = { [`${state}/history`]: lines.join("\n") };

    expect(await messages("live.backup-runs", { status: statusWith(sound), files })).toEqual([
      "slipway backup create of 2026-11-20T02:15 failed: the repository does not answer",
    ]);
  });

  it("whose directory is empty are told: its disk is not mounted", async () => {
    const set = ["backup.mode=embedded", "backup.directory=/mnt/backups"];
    const stats = { "/mnt/backups": { directory: true } };
    const files = { "/mnt/backups/config": "x" };

    expect(await messages("live.backup-directory", { status: statusWith(sound), set, stats })).toEqual([
      "/mnt/backups is empty, and a backup was made there on 2026-11-21",
    ]);
    expect(await findings("live.backup-directory", { status: statusWith(sound), set, files })).toEqual([]);
  });
});
