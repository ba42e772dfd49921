/** Backups are kept on real servers elsewhere: added to every day, thinned out by another credential, and whole whatever the way does. */
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StoredBackup, StoredSnapshot } from "../../../toolbox/src/backup/restic.ts";
import type { BackupBucket, BackupRepository, BackupRest } from "../../../toolbox/src/contract.generated.ts";
import { describeUnless } from "../support/unless.ts";
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
import type { Call, Outcome } from "./backup-inside.ts";
import { type BackupServers, noRestServer, openBackupServers } from "./backup-servers.ts";
import type { BackupWorld, InsideOptions } from "./backup-world.ts";
import type { FaultKind } from "./fault-proxy.ts";

const patience = { stuckSeconds: 3, patienceSeconds: 3 };
const source = "/staging/source";
const newest = { daily: 1, weekly: 0, monthly: 0 };

describeUnless(noRestServer, "a repository of backups", () => {
  let servers: BackupServers;

  beforeAll(async () => {
    servers = await openBackupServers();
    await servers.world.shell(`install -d -o 10001 -g 10001 ${source}; head -c 5000000 /dev/urandom > ${source}/data
      chown 10001 ${source}/data; chmod 0600 ${source}/data`);
  }, 180_000);

  afterAll(() => servers.dispose(), 60_000);

  const ask = (repository: BackupRepository, calls: readonly Call[], options: InsideOptions = {}): Promise<Outcome> =>
    servers.world.inside(calls, { repository, patience, ...options });

  const must = async (repository: BackupRepository, calls: readonly Call[]): Promise<readonly unknown[]> => {
    const { results, error } = await ask(repository, calls);
    if (error !== undefined) throw new Error(`${error.name}: ${error.message}`);
    return results;
  };

  /** New data, so that a backup has something to upload. */
  const change = async (): Promise<void> => {
    await servers.world.shell(`head -c 6000000 /dev/urandom > ${source}/changed; chown 10001 ${source}/changed`);
  };

  const kinds = [
    ["a rest-server that is only added to", "rest"],
    ["a bucket whose key may delete locks alone", "bucket"],
  ] as const;

  it.each(kinds)("is made, written, read and checked on %s", async (_, kind) => {
    const { everyDay } = servers[kind];

    const [, before, , , keys, stored] = await must(everyDay, [
      ...([["reach"], ["exists"], ["initialise"], ["addKey", "a recovery key"], ["keys"]] as const),
      ["backup", source, ["of:hub", "run:1"]],
    ]);
    const { snapshotId } = stored as StoredBackup;
    const [snapshots, checked] = await must(everyDay, [
      ["snapshots"],
      ["check", "all"],
      ["restore", snapshotId, source, `/staging/restored-${kind}`],
    ]);

    expect([before, keys, checked]).toEqual([false, 2, { whole: true }]);
    expect((snapshots as StoredSnapshot[]).map(({ id }) => id)).toEqual([snapshotId]);
    expect(await servers.world.shell(`cd ${source}; sha256sum *`)).toBe(
      await servers.world.shell(`cd /staging/restored-${kind}; sha256sum *`),
    );
  });

  it.each(kinds)("on %s loses nothing to who may only add, and is thinned out by who may more", async (_, kind) => {
    const { everyDay, pruning } = servers[kind];
    await must(everyDay, [["backup", source, ["of:hub", "run:2"]]]);
    const forget: Call = ["forget", newest];

    const refused = await ask(everyDay, [forget]);
    const [afterwards] = await must(everyDay, [["snapshots"]]);
    const [pruned, checked] = await must(pruning, [forget, ["check", "all"]]);
    const [left] = await must(everyDay, [["snapshots"]]);

    expect(refused.error).toMatchObject({
      name: "AppendOnlyError",
      message: expect.stringContaining("may only add to the backup repository") as string,
      advice: expect.stringContaining("--credential-file") as string,
    });
    expect(afterwards).toHaveLength(2);
    expect(pruned).toMatchObject({ kept: [expect.any(String)], removed: [expect.any(String)] });
    expect([checked, left]).toEqual([{ whole: true }, [expect.anything()]]);
  });

  it.each(kinds)("on %s is freed of the lock of a run that was killed", async (_, kind) => {
    const { everyDay } = servers[kind];
    await change();
    // It waits for whoever looks whether it has its lock yet.
    const waiting = { patience: { ...patience, lockSeconds: 60 } };
    const slow = { repository: everyDay, host: "killed", resticFirst: 'set -- --limit-upload 200 "$@"', ...waiting };
    const container = await servers.world.start([["backup", source, []]], slow);
    await expect
      .poll(() => servers.world.inside([["check", "metadata"]], { repository: everyDay, patience }), {
        timeout: 60_000,
      })
      .toMatchObject({ error: { message: expect.stringMatching(/locked by process \d+ on killed/) as string } });
    await servers.world.docker("kill", container);

    const { results, error } = await ask(everyDay, [["check", "metadata"]], { deadHosts: ["killed"] });

    expect([results, error]).toEqual([[{ whole: true }], undefined]);
  });

  const wrongRest = (change: Partial<BackupRest>): BackupRest => ({ ...servers.rest.everyDay, ...change });
  const wrongBucket = (change: Partial<BackupBucket>): BackupBucket => ({ ...servers.bucket.everyDay, ...change });
  const wrong: readonly [string, () => BackupRepository, name: string, text: RegExp, advice: RegExp][] = [
    [
      "where nobody listens",
      () => wrongRest({ url: "https://rest:8001/slipway" }),
      "RepositoryUnreachableError",
      /does not serve: .*ECONNREFUSED/,
      /nothing listens there/,
    ],
    [
      "of a name that nobody knows",
      () => wrongBucket({ endpoint: "https://nowhere.invalid:9000" }),
      "RepositoryUnreachableError",
      /does not serve: .*(ENOTFOUND|EAI_AGAIN)/,
      /name/,
    ],
    [
      "with a wrong password",
      () => wrongRest({ login: { user: "slipway", password: "another" } }),
      "RepositoryCredentialError",
      /is refused .*it answers 401/,
      /backup\.repository/,
    ],
    [
      "with a wrong secret key",
      () => wrongBucket({ secretKey: "another-one" }),
      "RepositoryCredentialError",
      /is refused .*SignatureDoesNotMatch/,
      /backup\.repository/,
    ],
    [
      "with an unknown access key",
      () => wrongBucket({ accessKey: "nobody" }),
      "RepositoryCredentialError",
      /is refused .*InvalidAccessKeyId/,
      /backup\.repository/,
    ],
    [
      "in a bucket that the key may not use",
      () => wrongBucket({ bucket: "other" }),
      "RepositoryCredentialError",
      /is refused .*AccessDenied/,
      /lets them do/,
    ],
    [
      "in a bucket that is not there",
      () => ({ ...servers.bucket.pruning, bucket: "other" }),
      "NoBucketError",
      /no bucket other/,
      /backup\.repository\.url/,
    ],
    [
      "of an authority that nobody named",
      () => withoutCa("rest"),
      "RepositoryUntrustedError",
      /cannot be trusted/,
      /tls\.trustedCaFile/,
    ],
    [
      "of such a one, in a bucket",
      () => withoutCa("bucket"),
      "RepositoryUntrustedError",
      /cannot be trusted/,
      /tls\.trustedCaFile/,
    ],
  ];
  const withoutCa = (kind: "rest" | "bucket"): BackupRepository => {
    const everyDay: Partial<BackupRest | BackupBucket> = { ...servers[kind].everyDay };
    Reflect.deleteProperty(everyDay, "ca");
    return everyDay as BackupRepository;
  };

  it.each(wrong)("%s is told so, and what to do", async (_, repository, name, text, advice) => {
    const { error } = await ask(repository(), [["reach"]]);

    expect(error).toMatchObject({ name, message: expect.stringMatching(text) as string });
    expect(error?.advice).toMatch(advice);
  });

  const paths = { rest: { method: "POST", path: "/data/" }, bucket: { method: "PUT", path: "/data/" } };
  const reading = {
    rest: { method: "GET", path: "/(index|snapshots)/." },
    bucket: { method: "GET", path: "/(index|snapshots)/[0-9a-f]" },
  };
  const faults: readonly [FaultKind, "rest" | "bucket"][] = (["rest", "bucket"] as const).flatMap((kind) =>
    (["reset", "unavailable", "stall", "truncate"] as const).map(
      (fault) => [fault, kind] as [FaultKind, "rest" | "bucket"],
    ),
  );

  it.each(faults)("is whole after %s on the way to %s, and the next backup is made", async (fault, kind) => {
    const { everyDay } = servers[kind];
    const through = servers.throughProxy(everyDay);
    const strikes = fault === "truncate" ? reading[kind] : paths[kind];
    await change();
    await servers.setFaults(kind, [{ kind: fault, ...strikes, times: 2 }]);

    const { error } = await ask(through, [["backup", source, []]]);
    const struck = await servers.struck(kind);
    await servers.setFaults(kind, []);
    const [checked, next] = await must(everyDay, [
      ["check", "all"],
      ["backup", source, []],
    ]);

    expect(error).toBeUndefined();
    expect(struck).toHaveLength(2);
    expect(checked).toEqual({ whole: true });
    expect((next as StoredBackup).files).toBe(2);
  });

  const onlyInFull = process.env["SLIPWAY_FULL"] === "1" ? undefined : "it runs with ./test --full";
  describe(`the write-ahead log on ${kinds[0][0]}`, () => archivesTo("rest"));
  // It takes minutes, and what is a bucket's alone the tests above look at.
  describeUnless(onlyInFull, `the write-ahead log on ${kinds[1][0]}`, () => archivesTo("bucket"));

  function archivesTo(kind: "rest" | "bucket"): void {
    const spool = `/staging/spool-${kind}`;
    const login = backupLogin(`db-${kind}`);
    const archiving = ["archiveWal", login, spool, 2] as const;
    let world: BackupWorld;
    let db: pg.Client;
    let archive: string;
    let backup: string;
    let repository: BackupRepository;

    const start = (options: InsideOptions = {}): Promise<string> =>
      world.start([archiving], { repository, patience: { ...patience, retrySeconds: 5 }, ...options });

    const restoredTo = async (moment: string, name: string): Promise<readonly number[]> => {
      const data = await emptyFolder(world, `${name}-${kind}`);
      await must(repository, [["restoreTo", moment, backup, data]]);
      return rowsIn(world, data);
    };

    /** One is stopped, of the other the way is cut. */
    const leave = {
      rest: () => world.docker("stop", "-t", "1", `${world.name}-rest`),
      bucket: () => world.docker("network", "disconnect", world.name, `${world.name}-minio`),
    };
    const comeBack = {
      rest: () => world.docker("start", `${world.name}-rest`),
      bucket: () => world.docker("network", "connect", "--alias", "minio", world.name, `${world.name}-minio`),
    };

    beforeAll(async () => {
      ({ world } = servers);
      repository = servers[kind].everyDay;
      db = await serveWritten(world, login.host, `/staging/${login.host}`);
      await world.shell(`install -d -o 10001 -g 10001 -m 0700 /staging/making ${spool}`);
      await must(repository, [["initialise"]]);
      archive = await start();
    }, 120_000);

    afterAll(async () => {
      await world.docker("stop", "-t", "30", archive);
      await db.end().catch(() => undefined);
    }, 60_000);

    it("leads to a moment between two rows", async () => {
      await untilStored(world, spool);
      await writeRow(db, 1);
      [backup] = (await must(repository, [["backUpPostgres", login, "/staging/making/cut"]])) as [string];
      await writeRow(db, 2);
      const between = await quietMoment();
      await writeRow(db, 3);
      await untilStored(world, spool);

      expect(await restoredTo(between, "between")).toEqual([1, 2]);
    });

    it("is received while the server is away, also by an archive that is started again, and stored afterwards", async () => {
      await leave[kind]();
      await untilSo(async () => (await archiveState(world, spool)).problem !== undefined);
      await writeRow(db, 4);
      await world.docker("stop", "-t", "30", archive);
      archive = await start();
      await writeRow(db, 5);
      await db.query("select pg_switch_wal()");
      const meanwhile = await quietMoment();
      await writeRow(db, 6);
      await db.query("select pg_switch_wal()");
      const received = `find ${spool}/receive ${spool}/cut -newermt '${meanwhile}' -name '????????????????????????' | wc -l`;
      await untilSo(async () => Number(await world.shell(received)) > 0);
      const away = await archiveState(world, spool);
      await comeBack[kind]();
      await untilStored(world, spool);
      await untilSo(async () => (await archiveState(world, spool)).problem === undefined);
      const [holes] = await must(repository, [["walHoles"]]);

      expect(away.problem).toMatch(/does not serve/);
      expect((away.through ?? "") < meanwhile).toBe(true);
      expect(holes).toEqual([]);
      expect(await restoredTo(meanwhile, "meanwhile")).toEqual([1, 2, 3, 4, 5]);
    });

    it("leaves no lock behind that an archive took which was killed, once it runs again", async () => {
      const host = "archive";
      await world.docker("stop", "-t", "30", archive);
      await db.query("create table filler as select md5(random()::text) from generate_series(1, 30000)");
      const resticFirst = 'case " $* " in *" backup "*) set -- --limit-upload 1 "$@" ;; esac';
      const killed = await start({ host, resticFirst });
      const exclusive = (lockSeconds: number): Promise<Outcome> =>
        ask(repository, [["check", "metadata"]], { patience: { ...patience, lockSeconds } });
      await expect
        .poll(() => exclusive(0), { timeout: 60_000 })
        .toMatchObject({ error: { message: expect.stringMatching(/locked by process \d+ on archive/) as string } });
      await world.docker("kill", killed);

      archive = await start({ host });
      const { results, error } = await exclusive(60);
      await untilStored(world, spool);

      expect([results, error]).toEqual([[{ whole: true }], undefined]);
    });

    it("is thinned out while it is archived, and leads where it led", async () => {
      await writeRow(db, 7);
      const moment = await quietMoment();
      await untilStored(world, spool);
      const [needless] = (await must(repository, [["needlessWal", [backup]]])) as [readonly string[]];

      const { results, error } = await ask(
        servers[kind].pruning,
        [
          ["remove", needless],
          ["check", "metadata"],
        ],
        {
          patience: { ...patience, lockSeconds: 60 },
        },
      );

      expect(needless.length).toBeGreaterThan(2);
      expect([results.at(-1), error]).toEqual([{ whole: true }, undefined]);
      expect(await restoredTo(moment, "thinned")).toEqual([1, 2, 3, 4, 5, 6, 7]);
    });
  }
});
