/** The write-ahead log of a real server is archived beside its backups, and leads to the moments between them. */
import type pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { StoredSnapshot } from "../../../toolbox/src/backup/restic.ts";
import type { WalReach } from "../../../toolbox/src/backup/wal/stored-wal.ts";
import {
  archiveState,
  backupLogin,
  emptyFolder,
  quietMoment,
  rowsIn,
  serveWritten,
  untilSo,
  untilStored,
  writeRow,
} from "./archived-log.ts";
import { type BackupWorld, openBackupWorld, serverPassword } from "./backup-world.ts";

const login = backupLogin("db");
/** As the jobs of a platform call it, whose backups are put together below it. */
const cut = "/staging/making/cut";
const spool = "/staging/spool";
const seconds = 2;

let world: BackupWorld;
let db: pg.Client;
let archive: string;
let backup: string;
/** The moment between the second row and the third. */
let between: string;

beforeAll(async () => {
  world = await openBackupWorld();
  db = await serveWritten(world, "db", "/staging/source");
  await world.shell(`install -d -o 10001 -g 10001 -m 0700 /staging/making ${spool}`);
}, 180_000);

afterAll(async () => {
  await db.end().catch(() => undefined);
  await world.dispose();
}, 60_000);

it("waits for the repository, then stores what the server writes, and tells up to when", async () => {
  archive = await world.start([["archiveWal", login, spool, seconds]]);
  await untilSo(async () => (await archiveState(world, spool)).problem !== undefined);
  const waiting = await archiveState(world, spool);

  await world.results([["initialise"]]);
  await untilStored(world, spool);

  expect(waiting.problem).toContain("there is no repository of backups yet");
  expect(waiting.through).toBeUndefined();
  expect(await archiveState(world, spool)).toMatchObject({ kind: "WalState", since: expect.any(String) as string });
  const slots = await db.query<{ active: boolean }>(
    "select active from pg_replication_slots where slot_name = 'slipway_wal'",
  );
  expect(slots.rows).toEqual([{ active: true }]);
}, 120_000);

it("brings back the moment between two rows", async () => {
  await writeRow(db, 1);
  [backup] = (await world.results([["backUpPostgres", login, cut]])) as [string];
  await writeRow(db, 2);
  between = await quietMoment();
  await writeRow(db, 3);
  await db.query("select pg_switch_wal()");
  await writeRow(db, 4);
  await untilStored(world, spool);
  const data = await emptyFolder(world, "between");

  await world.results([["restoreTo", between, backup, data]]);

  expect(await rowsIn(world, data)).toEqual([1, 2]);
}, 180_000);

it("goes through it a second time without doing anything, and never to another moment", async () => {
  const again = await world.results([["restoreTo", between, backup, "/staging/between"]]);
  const other = await world.inside([["restoreTo", new Date().toISOString(), backup, "/staging/between"]]);

  expect(again).toHaveLength(1);
  expect(other.error?.message).toMatch(/is not empty: .*restored from backup/);
});

it("goes through it whole after it was killed while the log was played back", async () => {
  const data = await emptyFolder(world, "killed");
  const restore = ["restoreTo", between, backup, data] as const;
  const signal = `${data}/.restoring/recovery.signal`;
  // Stopped there from within: who looks from outside may come when it is over.
  const resticFirst = `case " $* " in *" restore "*) caller=$PPID
    (until test -e ${signal}; do sleep 0.01; done; kill -STOP $caller) </dev/null >/dev/null 2>&1 &
  esac`;
  const killed = await world.start([restore], { resticFirst });
  await world.shell(`while [ ! -e ${signal} ]; do sleep 0.02; done; sleep 0.5`);
  await world.docker("kill", killed);
  const left = await world.shell(`ls -A ${data}`);

  await world.results([restore]);

  expect(left.trim()).toBe(".restoring");
  expect(await rowsIn(world, data)).toEqual([1, 2]);
}, 180_000);

it("gives whoever administers the server the password of the platform that comes back", async () => {
  await db.query("alter role postgres password 'which was set after the backup'");
  const moment = await quietMoment();
  await untilStored(world, spool);
  const [data, other] = [await emptyFolder(world, "administered"), await emptyFolder(world, "left")];

  await world.results([["restoreTo", moment, backup, data, serverPassword]]);
  await world.results([["restoreTo", moment, backup, other]]);
  await db.query(`alter role postgres password '${serverPassword.replaceAll("'", "''")}'`);

  expect(await rowsIn(world, data)).toEqual([1, 2, 3, 4]);
  await expect(rowsIn(world, other)).rejects.toMatchObject({ code: "28P01" });
}, 180_000);

it("leads to a moment after which nothing was written", async () => {
  const moment = await quietMoment();
  await untilStored(world, spool);
  const data = await emptyFolder(world, "quiet");

  await world.results([["restoreTo", moment, backup, data]]);

  expect(await rowsIn(world, data)).toEqual([1, 2, 3, 4]);
}, 180_000);

it("stores what it has when it is asked to end, and goes on where it was", async () => {
  await writeRow(db, 5);
  await world.docker("stop", "-t", "30", archive);
  const { through = "" } = await archiveState(world, spool);
  await writeRow(db, 6);
  archive = await world.start([["archiveWal", login, spool, seconds]]);
  await untilStored(world, spool);
  const data = await emptyFolder(world, "after");
  const moment = await quietMoment();
  await untilStored(world, spool);

  await world.results([["restoreTo", moment, backup, data]]);

  expect(Date.now() - Date.parse(through)).toBeLessThan(60_000);
  expect(await rowsIn(world, data)).toEqual([1, 2, 3, 4, 5, 6]);
}, 180_000);

it("leads to moments of a server that was brought back as it was, and writes segments of the same names again", async () => {
  for (let many = 0; many < 8; many += 1) {
    await db.query("select pg_logical_emit_message(false, 'filler', 'x')");
    await db.query("select pg_switch_wal()");
  }
  await untilStored(world, spool);
  const data = await emptyFolder(world, "as-it-was");
  await world.results([["restorePostgres", backup, `${cut}/postgres`, data]]);
  const server = await world.serve("as-it-was", data);
  const its = await emptyFolder(world, "spool-as-it-was");
  const same = { ...login, host: "as-it-was" };
  const second = await world.start([["archiveWal", same, its, seconds]]);
  await untilStored(world, its);
  const [made] = (await world.results([["backUpPostgres", same, cut]])) as [string];
  await writeRow(server, 200);
  const moment = await quietMoment();
  await writeRow(server, 201);
  await untilStored(world, its);
  const again = await emptyFolder(world, "again-as-it-was");

  await world.results([["restoreTo", moment, made, again]]);
  const [of, holes] = await world.results([["walReach", backup], ["walHoles"]]);
  await world.docker("stop", "-t", "30", second);
  await server.end();
  await world.results([["remove", [made]]]);

  expect(await rowsIn(world, again)).toEqual([1, 200]);
  // The backup of the first server goes on in the log of that one.
  expect([of, holes]).toEqual([{ through: expect.any(String) as string }, []]);
}, 180_000);

it("says which moment is the last one, and which segment is missing", async () => {
  const [reach] = (await world.results([["walReach", backup]])) as [WalReach];
  const beyond = await world.inside([
    ["restoreTo", "2999-01-01T00:00:00Z", backup, await emptyFolder(world, "beyond")],
  ]);
  const needless = (await world.results([["needlessWal", [backup]]]))[0] as readonly string[];

  await world.results([["remove", needless]]);
  const [kept, whole] = await world.results([["walReach", backup], ["walHoles"]]);
  // The segments between the backup and the newest snapshot are only in the others.
  await db.query("create table filler as select repeat(md5(n::text), 8) from generate_series(1, 2000) n");
  for (let many = 0; many < 34; many += 1) {
    await db.query("select pg_switch_wal()");
    await db.query("insert into filler values ('x')");
  }
  await untilStored(world, spool);
  const held = ((await world.results([["snapshots"]]))[0] as readonly StoredSnapshot[])
    .filter(({ tags }) => tags.some((tag) => tag.startsWith("wal-of:")))
    .map(({ id }) => id);
  await writeRow(db, 7);
  await untilStored(world, spool);
  await world.results([["remove", held]]);
  const [broken, holes] = (await world.results([["walReach", backup], ["walHoles"]])) as [unknown, readonly string[]];

  expect(reach.gap).toBeUndefined();
  const last = /does not lead to 2999-01-01T00:00:00\.000Z, but to (\S+Z)$/.exec(beyond.error?.message ?? "")?.[1];
  expect(last).toBeDefined();
  expect((last ?? "") >= reach.through).toBe(true);
  expect(needless.length).toBeGreaterThan(2);
  expect(kept).toMatchObject({ through: expect.any(String) as string });
  expect((kept as WalReach).gap).toBeUndefined();
  expect(whole).toEqual([]);
  expect(broken).toBeNull();
  expect(holes).toEqual([
    expect.stringMatching(/^after \S+Z no moment can be brought back: segment [0-9A-F]{24} is missing/),
  ]);
  expect(holes[0]).toContain(`the backup ${backup.slice(0, 8)} (run slipway backup create`);
}, 240_000);

it("begins another line where the server has not kept what comes next", async () => {
  const before = (await archiveState(world, spool)).since ?? "";
  await world.docker("stop", "-t", "30", archive);
  await db.query("alter system set max_slot_wal_keep_size = '16MB'");
  await db.query("alter system set max_wal_size = '32MB'");
  await db.query("select pg_reload_conf()");
  for (let many = 0; many < 12; many += 1) {
    await db.query("insert into filler values ('x')");
    await db.query("select pg_switch_wal()");
  }
  await db.query("checkpoint");
  const { rows } = await db.query<{ status: string }>("select wal_status as status from pg_replication_slots");
  archive = await world.start([["archiveWal", login, spool, seconds]]);
  await untilSo(async () => ((await archiveState(world, spool)).since ?? before) > before);
  const [second] = (await world.results([["backUpPostgres", login, cut]])) as [string];
  await writeRow(db, 8);
  const moment = await quietMoment();
  await untilStored(world, spool);
  const data = await emptyFolder(world, "second");

  await world.results([["restoreTo", moment, second, data]]);

  expect(rows).toEqual([{ status: "lost" }]);
  expect(await rowsIn(world, data)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
}, 180_000);

it("leads to moments of a server that was itself brought back to one", async () => {
  await world.docker("stop", "-t", "30", archive);
  const again = { ...login, host: "again" };
  const its = await emptyFolder(world, "spool-again");
  const server = await world.serve("again", "/staging/between");
  archive = await world.start([["archiveWal", again, its, seconds]]);
  await untilStored(world, its);
  const [third] = (await world.results([["backUpPostgres", again, cut]])) as [string];
  await server.query("insert into written (id) values (100)");
  const moment = await quietMoment();
  await server.query("insert into written (id) values (101)");
  await untilStored(world, its);
  const { rows } = await server.query<{ timeline: number }>(
    "select timeline_id as timeline from pg_control_checkpoint()",
  );
  await server.end();
  const data = await emptyFolder(world, "third");

  await world.results([["restoreTo", moment, third, data]]);

  expect(rows).toEqual([{ timeline: 2 }]);
  expect(await rowsIn(world, data)).toEqual([1, 2, 100]);
}, 180_000);

it("leaves no lock behind when it was killed while it stored, once it runs again", async () => {
  await world.docker("stop", "-t", "30", archive);
  const archiving = ["archiveWal", login, spool, seconds] as const;
  // A container that is started again keeps its name.
  const host = "archive";
  // Stopped from within while it holds its lock, by a shell that starts no program to look: who comes later may come when it is over.
  // A lock is one once restic has given it its name.
  const resticFirst = `case " $* " in *" backup "*)
    /usr/bin/restic "$@" &
    until set -- /staging/repository/locks/*; case $1 in *"*" | *-tmp-*) false ;; esac; do :; done
    kill -STOP $!
    : > /staging/holds-its-lock
    wait
  esac`;
  const killed = await world.start([archiving], { host, resticFirst });
  await world.shell("until test -e /staging/holds-its-lock; do sleep 0.2; done");
  await world.docker("kill", killed);
  const closed = await world.inside([["check", "metadata"]]);

  archive = await world.start([archiving], { host });
  // As backups are thinned out, which needs the repository for itself and waits for as long.
  const [forgotten, checked] = await world.results(
    [
      ["forget", { daily: 1, weekly: 0, monthly: 0 }],
      ["check", "all"],
    ],
    { patience: { lockSeconds: 60 } },
  );
  await untilStored(world, spool);

  expect(closed.error?.message).toMatch(/is locked by process \d+ on archive/);
  expect([forgotten, checked]).toEqual([expect.objectContaining({ kept: [expect.any(String)] }), { whole: true }]);
}, 180_000);
