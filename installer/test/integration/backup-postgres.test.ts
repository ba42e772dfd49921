/** PostgreSQL is copied, kept in a repository, proved and restored, with the programs of the real images. */
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PostgresCopy } from "../../../toolbox/src/backup/postgres-store.ts";
import type { PostgresProof } from "../../../toolbox/src/backup/prove-postgres.ts";
import type { StoredBackup, StoredSnapshot } from "../../../toolbox/src/backup/restic.ts";
import type { PostgresLogin } from "../../../toolbox/src/contract.generated.ts";
import { mustRun } from "../support/child.ts";
import { issueCertificate } from "../support/issue-certificate.ts";
import { type BackupWorld, everybody, openBackupWorld, repositoryPassword, serverPassword } from "./backup-world.ts";

const copy = "/staging/copy/postgres";
const data = "/staging/data";
const login: PostgresLogin = {
  ...{ host: "db", port: 5432, user: "backup", password: serverPassword, database: "postgres", tls: "off" },
};

/** Its lock stays in the repository, and holds up checks until somebody says that it is dead. */
const killedRestore = { host: "run-1" };
const deadHosts = [killedRestore.host];

let world: BackupWorld;
let db: pg.Client;
/** The backup that the tests after the first one use. */
let snapshot: string;

beforeAll(async () => {
  world = await openBackupWorld();
  db = await world.serve("db", "/staging/source", { make: true });
  await fill();
}, 180_000);

afterAll(async () => {
  await db.end().catch(() => undefined);
  await world.dispose();
}, 60_000);

/** Databases with what makes copies go wrong: hypertables, large objects, row security, sequences, closed doors. */
async function fill(): Promise<void> {
  const quoted = `'${serverPassword.replaceAll("'", "''")}'`;
  await db.query(`create role backup login replication password ${quoted}`);
  await db.query(`create role plain login password ${quoted}`);
  for (const name of ["hub", "metrics", "closed"]) await db.query(`create database ${name}`);
  await inDatabase(
    "hub",
    `create table filler (id bigint primary key, text text);
     insert into filler select n, repeat(md5(n::text), 6) from generate_series(1, 250000) n;
     create table written (id bigserial primary key, at timestamptz default now());
     create table secret (id int primary key, owner text); insert into secret values (1, 'a'), (2, E'two\\nlines\\\\.');
     alter table secret enable row level security; alter table secret force row level security;
     select lo_from_bytea(0, '\\x0102');`,
  );
  await inDatabase(
    "metrics",
    `create extension timescaledb; create table points (at timestamptz not null, value int);
     select create_hypertable('points', 'at', chunk_time_interval => interval '1 day');
     insert into points select '2026-01-01'::timestamptz + n * interval '1 minute', n from generate_series(0, 19999) n;`,
  );
  await inDatabase("closed", "create table kept (id int); insert into kept values (1)");
  await db.query("alter database closed allow_connections false");
}

async function inDatabase(database: string, sql: string, service = "db"): Promise<void> {
  const client = await world.connect(service, "postgres", serverPassword, database);
  await client.query(sql).finally(() => client.end());
}

interface Written {
  readonly id: number;
  /** Where the log ended after it was committed. */
  readonly lsn: bigint;
}

function lsnOf(text: string): bigint {
  const [high, low] = text.split("/");
  return (BigInt(`0x${high ?? ""}`) << 32n) + BigInt(`0x${low ?? ""}`);
}

/** Inserts rows, one after the other, until it is told to stop; gives what was acknowledged. */
async function startWriter(): Promise<() => Promise<readonly Written[]>> {
  const client = await world.connect("db", "postgres", serverPassword, "hub");
  const rows: Written[] = [];
  let goesOn = true;
  const writing = (async () => {
    while (goesOn) {
      const inserted = await client.query<{ id: string }>("insert into written default values returning id");
      const after = await client.query<{ lsn: string }>("select pg_current_wal_insert_lsn() as lsn");
      rows.push({ id: Number(inserted.rows[0]?.id), lsn: lsnOf(after.rows[0]?.lsn ?? "") });
    }
  })();
  return async () => {
    goesOn = false;
    await writing;
    await client.end();
    return rows;
  };
}

it("copies a server under a writer: every row acknowledged before its end is in the proved copy", async () => {
  const stop = await startWriter();
  await new Promise((wake) => setTimeout(wake, 300));
  const begun = lsnOf(
    (await db.query<{ lsn: string }>("select pg_current_wal_insert_lsn() as lsn")).rows[0]?.lsn ?? "",
  );

  const saved = (await world.results([["savePostgres", login, copy]]))[0] as PostgresCopy;

  const written = await stop();
  expect(saved).toMatchObject({ items: 4, serverVersion: expect.stringMatching(/^17\./) as string });
  expect(saved.systemIdentifier).toBe(
    (await db.query<{ id: string }>("select system_identifier::text as id from pg_control_system()")).rows[0]?.id,
  );
  const [, , stored] = await world.results([
    ["exists"],
    ["initialise"],
    ["backup", "/staging/copy", ["postgres", "run-1"]],
  ]);
  snapshot = (stored as StoredBackup).snapshotId;
  expect((stored as StoredBackup).bytes).toBe(saved.bytes);
  const [, proof, found] = await world.results([
    ["restore", snapshot, copy, "/staging/proof"],
    ["provePostgres", "/staging/proof", "/tmp/scratch"],
    ["query", "/staging/proof", "/tmp/scratch", "hub", "select id from written"],
  ]);
  const ids = new Set((found as readonly { readonly id: string }[]).map(({ id }) => Number(id)));
  const owed = written.filter(({ lsn }) => lsn <= lsnOf(saved.stopLsn));
  expect(owed.filter(({ lsn }) => lsn > begun).length).toBeGreaterThan(10);
  expect(owed.filter(({ id }) => !ids.has(id))).toEqual([]);
  const { databases } = proof as PostgresProof;
  const byName = new Map(databases.map((database) => [database.name, database]));
  expect([...byName.keys()]).toEqual(["closed", "hub", "metrics", "postgres", "template1"]);
  expect(byName.get("hub")).toMatchObject({ tables: 3, rows: 250_002 + ids.size, sequences: 1, hypertables: 0 });
  expect(byName.get("closed")).toMatchObject({ tables: 1, rows: 1 });
  expect(byName.get("metrics")).toMatchObject({ hypertables: 1, chunks: 14 });
  expect(byName.get("metrics")?.rows).toBeGreaterThanOrEqual(20_000);
  for (const { relations } of databases) expect(relations).toBeGreaterThan(100);
});

it("a proof needs no user of the system, and one database comes out of it as a dump that restores", async () => {
  const [, , rows] = await world
    .shell("rm -rf /staging/any; cp -a /staging/proof /staging/any; chown -R 23456:23456 /staging/any")
    .then(() =>
      world.results(
        [
          ["dumpDatabase", "/staging/any", "/tmp/scratch", "metrics", "/staging/any/metrics.dump"],
          ["query", "/staging/any", "/tmp/scratch", "template1", "create database again"],
          ["query", "/staging/any", "/tmp/scratch", "metrics", "select count(*)::int as count from points"],
        ],
        { user: "23456:23456" },
      ),
    );

  expect(rows).toEqual([{ count: 20_000 }]);
  expect(await world.shell("pg_restore -l /staging/any/metrics.dump; rm -rf /staging/any")).toContain(
    "TABLE public points",
  );
});

it("finds what makes no sense in a copy whose files are as they were: names database and index", async () => {
  await db.query("create database broken");
  await inDatabase(
    "broken",
    `create function twisted(i int) returns int immutable language sql as 'select i';
     create table t (i int); insert into t select generate_series(1, 500); create index t_twisted on t (twisted(i));
     create or replace function twisted(i int) returns int immutable language sql as 'select -i';`,
  );

  const { error } = await world.inside([
    ["savePostgres", login, "/staging/broken"],
    ["provePostgres", "/staging/broken", "/tmp/scratch"],
  ]);

  expect(error?.name).toBe("DamagedBackupError");
  expect(error?.message).toMatch(/database broken is damaged: .*t_twisted/);
  await db.query("drop database broken");
  await world.shell("rm -rf /staging/broken");
});

it("finds one changed byte in a restored copy, before a server runs on it, and names the file", async () => {
  const [, twice] = await world.results([["restore", snapshot, copy, "/staging/proof"], ["snapshots"]]);
  expect((twice as readonly StoredSnapshot[]).map(({ id, host, tags }) => [id, host, tags])).toEqual([
    [snapshot, "install", ["postgres", "run-1"]],
  ]);
  await world.shell("f=$(ls -S /staging/proof/base/*/* | head -1); printf X | dd of=$f bs=1 seek=100000 conv=notrunc");

  const { error } = await world.inside([["provePostgres", "/staging/proof", "/tmp/scratch"]]);

  expect(error?.name).toBe("DamagedBackupError");
  expect(error?.message).toMatch(/checksum mismatch for file "base\//);
  await world.shell("rm -rf /staging/proof");
});

describe("a restored data directory", () => {
  const restore = (): readonly ["restorePostgres", string, string, string] => ["restorePostgres", snapshot, copy, data];

  async function serves(): Promise<void> {
    const server = await world.serve("restored", data);
    const { rows } = await server.query<{ name: string }>("select datname as name from pg_database order by 1");
    await server.end();
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(["closed", "hub", "metrics"]));
    const hub = await world.connect("restored", "postgres", serverPassword, "hub");
    expect((await hub.query("select count(*)::int as count from filler")).rows).toEqual([{ count: 250_000 }]);
    await hub.end();
    await inDatabase("metrics", "insert into points values ('2027-01-01', 1)", "restored");
    await world.docker("rm", "-f", `${world.name}-restored`);
  }

  const empty = (): Promise<string> =>
    world.shell(`rm -rf ${data}; install -d -o 10001 -g 10001 -m 0755 ${data}; mkdir -m 0700 ${data}/lost+found`);

  it("is whole after the restore was killed and run again, and the real server starts on it with the old password", async () => {
    await empty();
    const size = `$(du -sk ${data} | cut -f1)`;
    // Stopped in the middle from within: who looks from outside may come when it is over.
    const resticFirst = `case " $* " in *" restore "*)
      /usr/bin/restic "$@" & until test "${size}" -gt 10000; do sleep 0.01; done; kill -STOP $!; exec sleep 600;; esac`;
    const killed = await world.start([restore()], { ...killedRestore, resticFirst });
    await until(async () => Number((await world.shell(`echo "${size}"`)).trim()) > 10_000);
    await world.docker("kill", killed);
    expect(await world.shell(`ls -A ${data}`)).toBe(".restoring\nlost+found\n");

    const results = await world.results([restore(), restore()]);

    expect(results).toEqual([{ already: false }, { already: true }]);
    expect(await world.shell(`stat -c '%a %u' ${data}; ls -A ${data}`)).toMatch(/^700 10001\n(?!.*\.restor)/s);
    await serves();
  });

  it("is completed where the moving up was cut off, and by nothing but the same backup", async () => {
    await empty();
    await world.results([restore()]);
    await world.shell(
      `cd ${data}; install -d -o 10001 -g 10001 -m 0700 .restored; mv base global PG_VERSION .slipway-restored .restored/`,
    );

    const other = await world.inside([["restorePostgres", "00000000", copy, data]]);
    const half = await world.results([restore()]);
    await world.shell(`cd ${data}; install -d -o 10001 -g 10001 -m 0700 .restored; mv PG_VERSION .restored/`);
    const last = await world.results([restore()]);

    expect(other.error?.message).toContain(`a restore of backup ${snapshot} was begun in it`);
    expect([half, last]).toEqual([[{ already: false }], [{ already: false }]]);
    await serves();
  });

  it("is refused and untouched when something is in it", async () => {
    // The server of the last test has written to it.
    const before = await world.shell(`cd ${data}; find . -type f | sort | xargs sha256sum`);
    const used = await world.inside([["restorePostgres", "00000000", copy, data]]);
    const again = await world.results([restore()]);
    await world.shell(`install -d -o 10001 -g 10001 /staging/foreign; echo mine >/staging/foreign/file.txt`);
    const foreign = await world.inside([["restorePostgres", snapshot, copy, "/staging/foreign"]]);

    expect(used.error?.message).toMatch(/holds a database cluster \(PG_VERSION\), restored from backup \w+/);
    expect(again).toEqual([{ already: true }]);
    expect(foreign.error?.message).toContain("it holds file.txt");
    expect(await world.shell(`cd ${data}; find . -type f | sort | xargs sha256sum`)).toBe(before);
    expect(await world.shell("cat /staging/foreign/*; ls -A /staging/foreign")).toBe("mine\nfile.txt\n");
    await world.shell(`rm -rf ${data}`);
  });
});

describe("a damaged repository", () => {
  it.each([
    ["a changed bit", "printf X | dd of=$f bs=1 seek=60000 conv=notrunc", /ciphertext verification failed/],
    ["a pack cut short", "truncate -s 5000 $f", /unexpected file size/],
    ["a missing pack", "rm $f", /does not exist/],
  ])("is found by a check and by a restore, which leaves the directory empty: %s", async (_, damage, words) => {
    await world.shell(
      `rm -rf /staging/hurt ${data}; cp -a /staging/repository /staging/hurt; install -d -o 10001 -g 10001 ${data}
       f=$(find /staging/hurt/data -type f -size +1000k | head -1); chmod u+w $f; ${damage}`,
    );
    const hurt = { repository: "/staging/hurt", deadHosts };

    const [checked] = await world.results([["check", "all"]], hurt);
    const restored = await world.inside([["restorePostgres", snapshot, copy, data]], hurt);

    expect(checked).toMatchObject({ whole: false });
    expect((checked as { readonly damage: readonly string[] }).damage.join("\n")).toMatch(words);
    expect(restored.error?.name).toBe("DamagedBackupError");
    expect(await world.shell(`ls -A ${data}; rm -rf /staging/hurt`)).toBe("");
  });

  it("is told from a whole one, as a whole and part by part", async () => {
    const parts = [1, 2, 3].map((part) => ["check", { part, of: 3 }] as const);

    expect(await world.results([["check", "metadata"], ["check", "all"], ...parts], { deadHosts })).toEqual(
      Array.from({ length: 5 }, () => ({ whole: true })),
    );
  });
});

describe("the repository", () => {
  it("opens with its own keys alone, and is not there where nothing is", async () => {
    const wrong = { password: "wrong" };
    const recovery = { password: "recovery key" };

    expect((await world.inside([["exists"]], wrong)).error?.name).toBe("WrongKeyError");
    expect(await world.results([["exists"]], { repository: "/staging/nowhere" })).toEqual([false]);
    const none = await world.inside([["snapshots"]], { repository: "/staging/nowhere" });
    expect(none.error?.message).toBe("there is no backup repository in /staging/nowhere");
    await world.results([["addKey", recovery.password], ["addKey", recovery.password], ["initialise"]]);
    expect(await world.shell("ls /staging/repository/keys | wc -l")).toBe("2\n");
    expect(await world.results([["exists"]], recovery)).toEqual([true]);
    expect(await world.results([["exists"]], { password: repositoryPassword })).toEqual([true]);
  });

  it("is made where its making was cut off, and never where backups are", async () => {
    const repository = "/staging/half";
    await world.results([["initialise"]], { repository });
    await world.shell(
      `rm ${repository}/config; rm -rf /staging/lost; cp -a /staging/repository /staging/lost; rm /staging/lost/config`,
    );

    expect(await world.results([["initialise"], ["exists"]], { repository })).toEqual([null, true]);
    const lost = await world.inside([["initialise"]], { repository: "/staging/lost" });
    expect(lost.error?.message).toContain("has keys, but its file config is gone");
    await world.shell("rm -rf /staging/lost /staging/half");
  });

  it("is closed while a run that lives holds it, who is named, and open when that one is said to be dead", async () => {
    await world.shell("install -d -o 10001 -g 10001 /staging/big; head -c 700M /dev/urandom >/staging/big/file");
    const holder = await world.start([["backup", "/staging/big", ["big"]]], { host: "run-7" });
    await until(async () => (await world.shell("ls /staging/repository/locks")) !== "");
    await world.docker("pause", holder);

    const living = await world.inside([["check", "metadata"]], { deadHosts: ["run-6"] });
    const meanwhile = await world.inside([["snapshots"]]);
    await world.docker("kill", holder);
    const unsaid = await world.inside([["check", "metadata"]]);
    const dead = await world.inside([["check", "metadata"]], { deadHosts: ["run-6", "run-7"] });

    for (const { error } of [living, unsaid]) {
      expect(error?.message).toMatch(/is locked by process \d+ on run-7 since 20\d\d-\d\d-\d\dT[\d:]+Z$/);
    }
    expect(meanwhile.error).toBeUndefined();
    expect(dead).toEqual({ results: [{ whole: true }] });
    expect(await world.shell("rm -rf /staging/big; ls /staging/repository/locks")).toBe("");
  });

  it("keeps the last backup of days, weeks and months, however their runs are called", async () => {
    const repository = "/staging/kept";
    await world.shell("install -d -o 10001 -g 10001 /staging/small; echo 1 >/staging/small/file");
    const days = ["2026-01-10", "2026-02-10", "2026-02-27", "2026-03-01", "2026-03-02", "2026-03-03"];
    const times = [...days.map((day) => `${day}T03:00:00Z`), "2026-03-03T15:00:00Z"];
    const runs = times.map((time, index) => ["backup", "/staging/small", [`run-${index}`], time] as const);
    await world.results([["initialise"], ...runs], { repository });

    const forget = ["forget", { daily: 2, weekly: 2, monthly: 3 }] as const;
    const [forgotten, left, , whole] = await world.results([forget, ["snapshots"], forget, ["check", "all"]], {
      repository,
    });

    const kept = (left as readonly StoredSnapshot[]).map(({ time }) => time);
    expect(kept).toEqual([
      "2026-01-10T03:00:00Z",
      "2026-02-27T03:00:00Z",
      "2026-03-01T03:00:00Z",
      "2026-03-02T03:00:00Z",
      "2026-03-03T15:00:00Z",
    ]);
    expect((forgotten as { readonly removed: readonly string[] }).removed).toHaveLength(2);
    expect(whole).toEqual({ whole: true });
    const content = await world.results(
      [["dump", (left as readonly StoredSnapshot[])[0]?.id ?? "", "/staging/small/file"]],
      { repository },
    );
    expect(content).toEqual(["1\n"]);
  });

  it("keeps nothing of a folder that was cut short while it was stored, or that is not there", async () => {
    const repository = "/staging/kept";
    const resticFirst = `case " $* " in *" backup "*) truncate -s 10 /staging/torn/file ;; esac`;
    await world.shell(
      "install -d -o 10001 -g 10001 /staging/torn; head -c 1M /dev/urandom >/staging/torn/file; chown 10001 /staging/torn/file",
    );
    const [before] = await world.results([["snapshots"]], { repository });

    const torn = await world.inside([["backup", "/staging/torn", ["torn"]]], { repository, resticFirst });

    expect(torn.error?.message).toContain(
      "of 1 files with 1048576 bytes in /staging/torn, 1 with 10 bytes were stored",
    );
    expect(await world.results([["snapshots"]], { repository })).toEqual([before]);
    const none = await world.inside([["backup", "/staging/none", []]], { repository });
    expect(none.error?.message).toContain("/staging/none cannot be read: ENOENT");
  });
});

describe("a server that cannot be copied says why", () => {
  const fails = async (change: Partial<PostgresLogin>): Promise<string> =>
    (await world.inside([["savePostgres", { ...login, ...change }, copy]])).error?.message ?? "it was copied";

  it("a role without the right, a wrong password, nobody there, no TLS", async () => {
    expect(await fails({ user: "plain" })).toContain("it lacks REPLICATION");
    expect(await fails({ password: "another" })).toContain("wrong user or password");
    expect(await fails({ port: 5433 })).toContain("nothing listens there");
    expect(await fails({ host: "nobody.invalid" })).toContain("the host name is not known here");
    expect(await fails({ tls: "require" })).toContain("TLS is not what was asked for");
    expect(await world.shell(`ls -A ${copy}/..; cat ${copy}/PG_VERSION`)).toBe("postgres\n17\n");
  });

  it("a certificate of somebody else, and copies what has the right one", async () => {
    const authority = await issueCertificate({ commonName: "authority", authority: true });
    const other = await issueCertificate({ commonName: "other", authority: true });
    const server = await issueCertificate({ commonName: "db", names: ["db"], issuer: authority });
    const files = {
      "ca.crt": authority.pem,
      "other.crt": other.pem,
      "server.crt": server.pem,
      "server.key": server.key,
    };
    await world.shell("install -d -o 10001 -g 10001 -m 0700 /staging/tls");
    for (const [name, pem] of Object.entries(files)) await world.shell(`echo '${pem}' >/staging/tls/${name}`);
    await world.shell("chown 10001:10001 /staging/tls/*; chmod 0600 /staging/tls/*");
    for (const set of [
      "ssl_cert_file = '/staging/tls/server.crt'",
      "ssl_key_file = '/staging/tls/server.key'",
      "ssl = on",
    ]) {
      await db.query(`alter system set ${set}`);
    }
    await world.allow("db", everybody.replaceAll(/^host /gm, "hostssl "));

    expect(await fails({ tls: "verify", caFile: "/staging/tls/other.crt" })).toContain("TLS is not what was asked for");
    expect(await fails({})).toContain("it has no entry for replication");
    expect(await fails({ tls: "verify", caFile: "/staging/tls/ca.crt" })).toBe("it was copied");
    expect(await fails({ tls: "require" })).toBe("it was copied");
    await world.allow("db", everybody);
  });

  it("no entry for replication, no senders left", async () => {
    await world.allow("db", "host all all all scram-sha-256\n");
    expect(await fails({})).toContain("it has no entry for replication");
    await world.allow("db", everybody);
    await db.query("alter system set max_wal_senders = 1");
    await mustRun("docker", ["restart", `${world.name}-db`]);
    db = await world.connect("db", "postgres", serverPassword);
    expect(await fails({})).toContain("the server has no place left for a copy");
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error("it did not come about within a minute");
  }
}
