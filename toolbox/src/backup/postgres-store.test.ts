import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PostgresLogin } from "../contract.generated.ts";
import { factsIn } from "./base-backup.ts";
import { connectionSettings, withLibpq } from "./libpq.ts";
import { measureFolder } from "./measure-folder.ts";
import { postgresError } from "./postgres-errors.ts";
import { progressIn } from "./postgres-store.ts";
import { connection, relationsIn } from "./prove-postgres.ts";
import { lastLines, lineSplitter, runProgram } from "./run-program.ts";
import { scratchSettings, withScratchServer } from "./scratch-server.ts";

const login: PostgresLogin = {
  ...{ host: "db", port: "5432", user: "backup", password: "a:b\\c", database: "postgres", tls: "verify" },
};
const context = { log: () => undefined, progress: () => undefined };

describe("a login for PostgreSQL's programs", () => {
  it("stands in the environment, its password in a file of this user alone that goes afterwards", async () => {
    const file = await withLibpq(login, async (environment) => {
      const path = environment["PGPASSFILE"] ?? "";
      expect(await readFile(path, "utf8")).toBe("*:*:*:*:a\\:b\\\\c\n");
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(JSON.stringify(environment)).not.toContain(login.password);
      return path;
    });

    await expect(stat(file)).rejects.toThrow("ENOENT");
  });

  it.each([
    [{ tls: "off" }, { PGSSLMODE: "disable" }],
    [{ tls: "require" }, { PGSSLMODE: "require" }],
    [{ tls: "verify" }, { PGSSLMODE: "verify-full", PGSSLROOTCERT: "system" }],
    [
      { tls: "verify", caFile: "/ca.crt" },
      { PGSSLMODE: "verify-full", PGSSLROOTCERT: "/ca.crt" },
    ],
  ] as const)("%j", (change, settings) => {
    expect(connectionSettings({ ...login, ...change })).toMatchObject({ PGHOST: "db", PGPORT: "5432", ...settings });
  });
});

it.each([
  ["FATAL:  permission denied to start WAL sender\nDETAIL:  Only roles with …", "lacks REPLICATION"],
  ['FATAL:  no pg_hba.conf entry for replication connection from host "1.2.3.4"', "no entry for replication"],
  ['FATAL:  password authentication failed for user "backup"', "wrong user or password"],
  [
    'FATAL:  number of requested standby connections exceeds "max_wal_senders" (currently 1)',
    "no place left for a copy",
  ],
  ["pg_basebackup: error: could not write to file: No space left on device", "a disk is full"],
  ["connection to server failed: Connection refused", "nothing listens there"],
  ["server does not support SSL, but SSL was required", "TLS is not what was asked for"],
  ["pg_basebackup: error: checksum error occurred", "pages of the running server are damaged"],
  ["pg_basebackup: error: something new", "failed: pg_basebackup: error: something new"],
])("says in plain words what a copy met: %s", (output, words) => {
  const error = postgresError("copying PostgreSQL", output);

  expect(error.message).toContain(words);
  expect(error.advice).toBeDefined();
});

it("reads what programs of PostgreSQL print", () => {
  expect(progressIn("  24064/31404 kB (76%), 0/1 tablespace")).toEqual({
    ...{ done: 24_064 * 1024, total: 31_404 * 1024, unit: "bytes" },
  });
  expect(progressIn("pg_basebackup: checkpoint completed")).toBeUndefined();
  expect(relationsIn("  0/385 relations (  0%),   0/1400 pages (0%)\r385/385 relations (100%), 9/9 pages")).toBe(385);
  expect(relationsIn("no relations to check")).toBe(0);
  expect(connection("it's \\odd")).toBe("dbname='it\\'s \\\\odd'");
});

it("reads a manifest without losing digits", () => {
  const manifest = `{ "PostgreSQL-Backup-Manifest-Version": 2,
"System-Identifier": 7578912345678901237,
"Files": [], "WAL-Ranges": [{ "Timeline": 1, "Start-LSN": "0/4000028", "End-LSN": "0/4000120" }],
"Manifest-Checksum": "00"}`;

  expect(factsIn(manifest)).toEqual({
    ...{ stopLsn: "0/4000120", systemIdentifier: "7578912345678901237", timeline: 1 },
  });
  expect(() => factsIn(`{ "WAL-Ranges": [] }`)).toThrow("not one of PostgreSQL 17");
});

it("starts a scratch server without a network, and not where its socket would have too long a path", async () => {
  const settings = scratchSettings({ folder: "/it's", sockets: "/s", hba: "/s/h", ident: "/s/i" });

  expect(settings).toContain("listen_addresses = ''\n");
  expect(settings).toContain("data_directory = '/it''s'\n");
  await expect(withScratchServer("/x", `/${"long/".repeat(20)}`, context, () => Promise.resolve())).rejects.toThrow(
    "too long for a socket",
  );
});

describe("a program", () => {
  it("gives its output, its errors line by line and how it ended, and sees nothing of this environment", async () => {
    const lines: string[] = [];
    const script = "process.stdout.write(JSON.stringify(process.env)); console.error('a\\n\\nb'); process.exitCode = 7";

    const end = await runProgram(process.execPath, ["-e", script], {
      environment: { GIVEN: "1" },
      onErrorLine: (line) => lines.push(line),
    });

    expect(end.code).toBe(7);
    expect(Object.keys(JSON.parse(end.output.toString("utf8")) as object).sort()).toEqual(["GIVEN", "PATH"]);
    expect(lines).toEqual(["a", "b"]);
    expect(lastLines(end.errors)).toBe("a | b");
  });

  it("that is not there is an error that names it", async () => {
    await expect(runProgram("no-such-program", [], { environment: {} })).rejects.toThrow("cannot run no-such-program");
  });

  it("gives lines whole, however they come", () => {
    const lines: string[] = [];
    const take = lineSplitter((line) => lines.push(line));
    for (const part of ["on", "e\rtw", "o\n\n", "three"]) take(part);

    expect(lines).toEqual(["one", "two"]);
  });
});

it("measures a folder with all below it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "slipway-measure-"));
  await writeFile(join(folder, "a"), "123");

  expect(await measureFolder(folder)).toEqual({ files: 1, bytes: 3 });
  await rm(folder, { recursive: true });
  await expect(measureFolder(folder)).rejects.toThrow("ENOENT");
});
