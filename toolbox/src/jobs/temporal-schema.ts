import { spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import type { Client } from "pg";
import type { TemporalDatabase, TemporalSchemaJob } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import { withPostgres } from "../postgres-client.ts";
import type { JobContext } from "./job.ts";

const tool = "temporal-sql-tool";
const toolTimeoutMs = 300_000;

/** The version that setup-schema writes before any table of Temporal's own is there. */
const emptyVersion = "0.0";

/** Brings both of Temporal's databases to the schema of the tool in this image. */
export async function runTemporalSchema(job: TemporalSchemaJob, context: JobContext): Promise<void> {
  await Promise.all(job.databases.map((database) => ensureSchema(job, database, context)));
}

async function ensureSchema(job: TemporalSchemaJob, database: TemporalDatabase, context: JobContext): Promise<void> {
  const before = await inDatabase(job, database, context, (client) => readVersion(client, database.name));
  if (context.probe) {
    const done = before !== undefined && before !== emptyVersion;
    if (done && (database.version === undefined || database.version === before)) return;
    const wanted = database.version === undefined ? "" : ` to ${database.version}`;
    await context.change(`bring the schema of ${database.name} from ${before ?? "nothing"}${wanted}`, noChange);
    return;
  }
  if (before === undefined) await runTool(job, database, ["setup-schema", "-v", emptyVersion], context);
  await updateSchema(job, database, context);
  const after = await inDatabase(job, database, context, (client) => readVersion(client, database.name));
  if (after === undefined || after === emptyVersion) {
    throw new ToolboxError(`${tool} ended well but ${database.name} has no schema version`, {
      advice: "look at the tool's output above",
    });
  }
  if (database.version !== undefined && after !== database.version) {
    throw new ToolboxError(`the schema of ${database.name} is at ${after}, not at ${database.version}`, {
      advice: "the toolbox image and the Temporal image hold different versions of Temporal",
    });
  }
  if (after !== before) await context.change(`schema of ${database.name}: ${before ?? "none"} -> ${after}`, noChange);
}

async function noChange(): Promise<void> {
  await Promise.resolve();
}

/**
 * The tool goes on after a kill for most steps ("already exists" is ignored), but not for all. A database that
 * Temporal has never used is then begun anew; one that holds data is left as it is.
 */
async function updateSchema(job: TemporalSchemaJob, database: TemporalDatabase, context: JobContext): Promise<void> {
  const update = ["update-schema", "--schema-name", database.schema];
  try {
    await runTool(job, database, update, context);
  } catch (error) {
    const unused = await inDatabase(job, database, context, isUnused);
    if (!unused) throw error;
    await context.change(`begin the half-made, unused schema of ${database.name} anew`, () =>
      inDatabase(job, database, context, emptySchema),
    );
    await runTool(job, database, ["setup-schema", "-v", emptyVersion], context);
    await runTool(job, database, update, context);
  }
}

async function inDatabase<T>(
  job: TemporalSchemaJob,
  { name }: TemporalDatabase,
  context: JobContext,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { host, port, user, password, tls, caFile } = job;
  const login = { host, port, user, password, tls, database: name, ...(caFile === undefined ? {} : { caFile }) };
  return withPostgres(login, context.log, work);
}

async function readVersion(client: Client, database: string): Promise<string | undefined> {
  const tables = await client.query<{ count: string }>(
    `select count(*) as count from pg_tables where schemaname = 'public'
     and tablename in ('schema_version', 'schema_update_history')`,
  );
  // one of two tables: setup was cut off between them, it may simply be run again
  if (tables.rows[0]?.count !== "2") return undefined;
  const version = await client.query<{ curr_version: string }>(
    "select curr_version from public.schema_version where version_partition = 0 and db_name = $1",
    [database],
  );
  return version.rows[0]?.curr_version;
}

/** Tables the schema itself puts rows into; a server that has run leaves rows in others as well. */
const seededTables: ReadonlySet<string> = new Set(["schema_version", "schema_update_history", "namespace_metadata"]);

async function isUnused(client: Client): Promise<boolean> {
  const tables = await client.query<{ tablename: string }>(
    "select tablename from pg_tables where schemaname = 'public'",
  );
  for (const { tablename } of tables.rows) {
    if (seededTables.has(tablename)) continue;
    const rows = await client.query(`select 1 from public.${client.escapeIdentifier(tablename)} limit 1`);
    if (rows.rowCount !== 0) return false;
  }
  return true;
}

async function emptySchema(client: Client): Promise<void> {
  await client.query("begin");
  await client.query("drop schema public cascade");
  await client.query("create schema public");
  await client.query("commit");
}

async function runTool(
  job: TemporalSchemaJob,
  database: TemporalDatabase,
  args: readonly string[],
  context: JobContext,
): Promise<void> {
  const tls = job.tls === "off" ? [] : ["--tls"];
  const unchecked = job.tls === "require" ? ["--tls-disable-host-verification"] : [];
  const ca = job.tls === "verify" && job.caFile !== undefined ? ["--tls-ca-file", job.caFile] : [];
  const connection = ["--plugin", "postgres12_pgx", "--endpoint", job.host, "--port", String(job.port)];
  const whole = [...connection, "--user", job.user, "--database", database.name, ...tls, ...unchecked, ...ca, ...args];
  context.log(`${tool} ${args.join(" ")} (${database.name})`);
  const { code, output } = await runChild(whole, job.password);
  if (code === 0) return;
  throw new ToolboxError(`${tool} ${args[0] ?? ""} on ${database.name} ended with ${code}: ${whatWentWrong(output)}`, {
    advice: "look at the tool's last lines and at the rights of the role on its database",
  });
}

/** The tool logs every statement; what counts are its lines of level ERROR, or else the last ones. */
function whatWentWrong(output: string): string {
  const lines = stripVTControlCharacters(output)
    .split("\n")
    .filter((line) => line.trim() !== "");
  const errors = lines.filter((line) => /\b(?:ERROR|FATAL)\t/.test(line));
  return (errors.length > 0 ? errors : lines).slice(-2).join(" | ");
}

/** The tool reads a password from its arguments or its environment only; the environment is not seen by others. */
async function runChild(
  args: readonly string[],
  password: string,
): Promise<{ readonly code: string | number; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const path = process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";
    const child = spawn(tool, args, {
      env: { PATH: path, SQL_PASSWORD: password },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: toolTimeoutMs,
      killSignal: "SIGKILL",
    });
    let output = "";
    const keep = (part: Buffer): void => {
      output = (output + part.toString("utf8")).slice(-20_000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => {
      reject(
        new ToolboxError(`cannot run ${tool}: ${error.message}`, {
          cause: error,
          advice: `${tool} is not in this image`,
        }),
      );
    });
    child.on("close", (code, signal) => resolve({ code: code ?? signal ?? "unknown", output }));
  });
}
