import { access } from "node:fs/promises";
import { join } from "node:path";
import { ToolboxError } from "../errors.ts";
import { verifyBaseBackup } from "./base-backup.ts";
import type { CopyContext } from "./copy.ts";
import { dumpCounter, type DumpedRows } from "./dumped-rows.ts";
import { DamagedBackupError } from "./restic-errors.ts";
import { lastLines, runProgram } from "./run-program.ts";
import { type ScratchServer, withScratchServer } from "./scratch-server.ts";

/** A database of which every row was read and every page of tables and B-trees looked at. */
export interface ProvedDatabase extends DumpedRows {
  readonly name: string;
  /** Tables and indexes whose pages were looked at, with PostgreSQL's own. */
  readonly relations: number;
  /** Tables of TimescaleDB and their parts: rows alone do not tell whether a table still is one. */
  readonly hypertables: number;
  readonly chunks: number;
}

export interface PostgresProof {
  readonly databases: readonly ProvedDatabase[];
  readonly checkedSeconds: number;
}

/**
 * Proves a base backup: its files are those of the manifest, a server starts on it, pages and indexes of every
 * database make sense, and every row can be read. The folder is a copy that may be changed; no server may have been
 * started on it before.
 * @param scratch a folder of its own for the server's socket; its path must be short
 * @param look what else is read from the server before it ends
 * @throws DamagedBackupError that names the database and the table, index or file
 */
export async function provePostgres(
  folder: string,
  scratch: string,
  context: CopyContext,
  look?: (server: ScratchServer, databases: readonly ProvedDatabase[]) => Promise<void>,
): Promise<PostgresProof> {
  const begun = performance.now();
  await refuseUsed(folder);
  context.log("comparing every file with its checksum");
  await verifyBaseBackup(folder);
  const databases = await withScratchServer(folder, scratch, context, async (server) => {
    const proved = await proveDatabases(server, context);
    await look?.(server, proved);
    return proved;
  });
  return { databases, checkedSeconds: Math.round((performance.now() - begun) / 100) / 10 };
}

/** The server renames the label when it first starts, and from then on no file is as it was. */
async function refuseUsed(folder: string): Promise<void> {
  try {
    await access(join(folder, "backup_label"));
  } catch (error) {
    throw new ToolboxError(`${folder} is not a base backup, or a server was started on it`, { cause: error });
  }
}

async function proveDatabases(server: ScratchServer, context: CopyContext): Promise<readonly ProvedDatabase[]> {
  const names = await openDatabases(server, context.log);
  const proved: ProvedDatabase[] = [];
  for (const [index, name] of names.entries()) {
    context.log(`proving database ${name}`);
    proved.push(await proveDatabase(server, name, context.log));
    context.progress({ done: index + 1, total: names.length, unit: "items" });
  }
  return proved;
}

/**
 * Every database but the one that takes no connections by its nature. Others may be closed on purpose; in this copy
 * they are opened, since a table in them can be as damaged as any.
 */
async function openDatabases(server: ScratchServer, log: (line: string) => void): Promise<readonly string[]> {
  await server.query(
    "template1",
    "update pg_database set datallowconn = true where datname <> 'template0' and not datallowconn",
  );
  // -2 marks what is left of a drop that was cut off: nobody can open it, and nobody misses it.
  const rows = await server.query(
    "template1",
    "select datname as name, datconnlimit = -2 as gone from pg_database where datname <> 'template0' order by datname",
  );
  for (const { name } of rows.filter(({ gone }) => gone === true)) {
    log(`database ${String(name)} was being dropped and is not looked at`);
  }
  return rows.filter(({ gone }) => gone !== true).map(({ name }) => String(name));
}

async function proveDatabase(
  server: ScratchServer,
  name: string,
  log: (line: string) => void,
): Promise<ProvedDatabase> {
  const relations = await checkPages(server, name, log);
  const rows = await readEveryRow(server, name, log);
  return { name, relations, ...rows, ...(await countHypertables(server, name)) };
}

/** One run for each database: of several, the program passes over those without its extension with a warning. */
async function checkPages(server: ScratchServer, database: string, log: (line: string) => void): Promise<number> {
  const args = ["--install-missing", "--heapallindexed", "--progress", "--no-password", connection(database)];
  const { code, output, errors } = await runProgram("pg_amcheck", args, { environment: server.environment });
  const found = output.toString("utf8");
  for (const line of found.split("\n").slice(0, 20)) if (line.trim() !== "") log(line);
  if (code !== 0) {
    throw new DamagedBackupError(
      `database ${database} is damaged: ${firstLines(found) || lastLines(withoutCounts(errors))}`,
    );
  }
  const relations = relationsIn(errors);
  if (relations === 0) throw new ToolboxError(`no table of database ${database} was looked at`);
  return relations;
}

const counts = /(\d+)\/(\d+) relations \(\s*\d+%\)/;

/** How many relations `pg_amcheck --progress` has looked at in the end. */
export function relationsIn(errors: string): number {
  const lines = errors.split(/[\r\n]/).flatMap((line) => counts.exec(line)?.[1] ?? []);
  return Math.max(0, ...lines.map(Number));
}

function withoutCounts(errors: string): string {
  return errors
    .split(/[\r\n]/)
    .filter((line) => !counts.test(line))
    .join("\n");
}

function firstLines(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(0, 3)
    .join(" ");
}

/** Read once, as a dump: that also unpacks large values, which counting does not. */
async function readEveryRow(server: ScratchServer, database: string, log: (line: string) => void): Promise<DumpedRows> {
  const counter = dumpCounter();
  const { code, errors } = await runProgram("pg_dump", ["--data-only", "--no-password", connection(database)], {
    environment: server.environment,
    onOutput: counter.write,
  });
  if (code !== 0) throw new DamagedBackupError(`rows of database ${database} cannot be read: ${lastLines(errors)}`);
  const { tables, rows } = counter.result();
  log(`${database}: ${tables} tables, ${rows} rows`);
  return counter.result();
}

async function countHypertables(
  server: ScratchServer,
  database: string,
): Promise<{ readonly hypertables: number; readonly chunks: number }> {
  const installed = await server.query(database, "select 1 from pg_extension where extname = 'timescaledb'");
  if (installed.length === 0) return { hypertables: 0, chunks: 0 };
  const [counted] = await server.query(
    database,
    `select (select count(*) from timescaledb_information.hypertables) as hypertables,
     (select count(*) from timescaledb_information.chunks) as chunks`,
  );
  return { hypertables: Number(counted?.["hypertables"]), chunks: Number(counted?.["chunks"]) };
}

/** A name of a database as these programs take it, whatever characters it is of. */
export function connection(database: string): string {
  return `dbname='${database.replaceAll(/[\\']/g, "\\$&")}'`;
}

/**
 * Writes one database of a running scratch server to a file that `pg_restore` reads. With hypertables in it, it must
 * be restored by one job: `pg_restore -j2` breaks them.
 */
export async function dumpDatabase(server: ScratchServer, database: string, file: string): Promise<void> {
  const args = ["-Fc", "--no-password", "--file", file, connection(database)];
  const { code, errors } = await runProgram("pg_dump", args, { environment: server.environment });
  if (code !== 0) throw new ToolboxError(`database ${database} could not be dumped: ${lastLines(errors)}`);
}
