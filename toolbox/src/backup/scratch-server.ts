import { spawn, type ChildProcess } from "node:child_process";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Client } from "pg";
import { errorText, ToolboxError } from "../errors.ts";
import type { CopyContext } from "./copy.ts";
import { cannotRun, lastLines, programPath } from "./run-program.ts";

export type Row = Readonly<Record<string, unknown>>;

/** A server of this image on a copy of a data directory, that nobody but this program reaches. */
export interface ScratchServer {
  /** Rows of a statement, as the superuser. Connections stay open until the server ends. */
  query(database: string, sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** What programs of PostgreSQL need in their environment to reach it as the superuser. */
  readonly environment: Readonly<Record<string, string>>;
}

const superuser = "postgres";
/** Longest path of a socket, and what PostgreSQL calls it. */
const socketLimit = 107;
const socketName = ".s.PGSQL.5432";
const startSeconds = 3600;
const stopMs = 20_000;

/** A server on data that are used afterwards. */
export interface KeptServer {
  /** A folder of its own for settings and socket; its path must be short. */
  readonly scratch: string;
  /** Lines of `postgresql.conf` that count before all others. */
  readonly settings: string;
}

/**
 * Starts a server on a data directory, which it changes, runs work on it and stops it without ceremony, or in order where the data are
 * used afterwards. It serves no network, runs no jobs of its own and keeps nothing safe: who uses the data writes them to the disk.
 * @param how a folder of its own for settings and socket; its path must be short
 * @throws ToolboxError with the server's last lines when it does not start
 */
export async function withScratchServer<T>(
  folder: string,
  how: string | KeptServer,
  context: CopyContext,
  work: (server: ScratchServer) => Promise<T>,
): Promise<T> {
  const { scratch, settings: more } = typeof how === "string" ? { scratch: how, settings: "" } : how;
  const sockets = resolve(scratch);
  if (sockets.length + socketName.length + 1 > socketLimit) {
    throw new ToolboxError(`the path ${sockets} is too long for a socket`, { advice: "use a shorter scratch folder" });
  }
  await mkdir(sockets, { recursive: true });
  await chmod(folder, 0o700);
  // Left by a server that was killed together with its container; the number in it may be anybody's by now.
  await rm(join(folder, "postmaster.pid"), { force: true });
  const settings = await writeSettings(resolve(folder), sockets, more);
  const server = startServer(settings);
  const connections = new Connections(sockets);
  try {
    await waitUntilUp(server, connections, context);
    const result = await work({
      environment: { PGHOST: sockets, PGUSER: superuser, HOME: sockets, LC_ALL: "C" },
      query: async (database, sql, values = []) =>
        (await connections.to(database)).query(sql, [...values]).then(rowsOf),
    });
    if (typeof how !== "string") await endInOrder(server);
    return result;
  } finally {
    await connections.close();
    await stopServer(server);
    for (const name of [socketName, `${socketName}.lock`]) await rm(join(sockets, name), { force: true });
  }
}

function rowsOf(result: { readonly rows: readonly unknown[] }): readonly Row[] {
  return result.rows as readonly Row[];
}

/** Everything that a server needs, so that nothing of the copy's own settings or of this system counts. */
async function writeSettings(folder: string, sockets: string, more: string): Promise<string> {
  const path = join(sockets, "postgresql.conf");
  const files = { hba: join(sockets, "pg_hba.conf"), ident: join(sockets, "pg_ident.conf") };
  await writeFile(files.hba, "local all all trust\n");
  await writeFile(files.ident, "");
  await writeFile(path, `${scratchSettings({ folder, sockets, ...files })}${more}`, { mode: 0o600 });
  return path;
}

interface ScratchPaths {
  readonly folder: string;
  readonly sockets: string;
  readonly hba: string;
  readonly ident: string;
}

/** The settings file of a server that is thrown away. */
export function scratchSettings({ folder, sockets, hba, ident }: ScratchPaths): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  return `data_directory = ${quoted(folder)}
hba_file = ${quoted(hba)}
ident_file = ${quoted(ident)}
listen_addresses = ''
port = 5432
unix_socket_directories = ${quoted(`"${sockets}"`)}
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
timescaledb.max_background_workers = 0
shared_buffers = 64MB
dynamic_shared_memory_type = mmap
maintenance_work_mem = 128MB
max_connections = 40
max_prepared_transactions = 100
autovacuum = off
fsync = off
full_page_writes = off
archive_mode = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 1GB
jit = off
log_destination = 'stderr'
logging_collector = off
log_min_messages = warning
`;
}

/** A server that ended before anybody could connect to it. */
export class EndedServerError extends ToolboxError {
  /** The end of what it wrote; who tried to connect meanwhile is in it, too. */
  readonly log: string;

  constructor(code: string, log: string) {
    super(`no server starts on the copy, it ended with ${code}: ${lastLines(log, 5)}`, {
      advice: "the copy cannot be used; look whether the server that it is of is well, and back it up again",
    });
    this.name = "EndedServerError";
    this.log = log;
  }
}

interface RunningServer {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  /** How it ended; undefined while it runs. */
  readonly end: () => { readonly code: string; readonly cause?: Error } | undefined;
  readonly log: () => string;
}

function startServer(settings: string): RunningServer {
  const child = spawn("postgres", ["-c", `config_file=${settings}`], {
    env: { ...programPath(), LC_ALL: "C" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    text = (text + part).slice(-20_000);
  });
  let end: ReturnType<RunningServer["end"]>;
  const ended = new Promise<void>((done) => {
    child.on("error", (cause) => {
      end = { code: "not started", cause };
      done();
    });
    child.on("close", (code, signal) => {
      end ??= { code: String(code ?? signal) };
      done();
    });
  });
  return { child, ended, end: () => end, log: () => text };
}

/** Nobody can connect before recovery has reached the end of the copy's log: a connection is the proof of it. */
async function waitUntilUp(server: RunningServer, connections: Connections, { log }: CopyContext): Promise<void> {
  log("starting a server on the copy");
  const deadline = performance.now() + startSeconds * 1000;
  for (;;) {
    const end = server.end();
    if (end?.cause !== undefined) throw cannotRun("postgres", end.cause);
    if (end !== undefined) {
      throw new EndedServerError(end.code, server.log());
    }
    try {
      await connections.to("template1");
      return;
    } catch (error) {
      if (performance.now() < deadline) await new Promise((wake) => setTimeout(wake, 100));
      else throw new ToolboxError(`the server on the copy did not get ready: ${errorText(error)}`, { cause: error });
    }
  }
}

/** What it holds is written, and needs no recovery. */
async function endInOrder({ child, ended, end, log }: RunningServer): Promise<void> {
  child.kill("SIGINT");
  await ended;
  const code = end()?.code;
  if (code === "0") return;
  throw new ToolboxError(
    `the server on the copy did not end in order, but with ${code ?? "nothing"}: ${lastLines(log(), 5)}`,
  );
}

/** Nothing that it holds is worth an orderly end. */
async function stopServer({ child, ended, end }: RunningServer): Promise<void> {
  if (end() !== undefined) return;
  child.kill("SIGQUIT");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopMs);
  await ended;
  clearTimeout(timer);
}

class Connections {
  readonly #host: string;
  readonly #open = new Map<string, Client>();

  constructor(host: string) {
    this.#host = host;
  }

  async to(database: string): Promise<Client> {
    const known = this.#open.get(database);
    if (known !== undefined) return known;
    const { default: pg } = await import("pg");
    const client = new pg.Client({ host: this.#host, port: 5432, user: superuser, database });
    // Without a listener a connection that dies between queries would end the program.
    client.on("error", () => undefined);
    await client.connect();
    this.#open.set(database, client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((client) => client.end().catch(() => undefined)));
  }
}
