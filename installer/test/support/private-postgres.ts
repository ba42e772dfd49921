import { chown, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import pg from "pg";

/** A PostgreSQL of this machine's own programs, on a free port, gone at its end. */
export interface PrivatePostgres {
  readonly port: number;
  query(sql: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>;
  dispose(): Promise<void>;
}

/** Why there can be none here, or undefined. */
export async function postgresObstacle(): Promise<string | undefined> {
  for (const program of ["initdb", "postgres"]) {
    const { failed } = await execa(program, ["--version"], { reject: false });
    if (failed) return `this machine has no ${program} on its PATH`;
  }
  return undefined;
}

/** It refuses to run as root: then as somebody who owns nothing else. */
const someone = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Starts an empty server with a database `casdoor`; its superuser `postgres` needs no password. */
export async function startPostgres(): Promise<PrivatePostgres> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-postgres-"));
  if (someone.uid !== undefined) await chown(folder, someone.uid, someone.gid);
  const data = join(folder, "data");
  await execa("initdb", ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], { ...someone, cwd: folder });
  const port = await freePort();
  const settings = [`port=${port}`, "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
  const server = execa("postgres", ["-D", data, ...settings.flatMap((text) => ["-c", text])], {
    ...someone,
    cwd: folder,
    reject: false,
  });
  await answering(port);
  const admin = await connected(port, "postgres");
  await admin.query("create database casdoor");
  await admin.end();
  const client = await connected(port, "casdoor");
  return {
    port,
    query: async (sql, values = []) => {
      const { rows } = await client.query<Record<string, unknown>>(sql, [...values]);
      return rows;
    },
    dispose: async () => {
      await client.end();
      server.kill("SIGINT");
      await server;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function connected(port: number, database: string): Promise<pg.Client> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    try {
      await (await connected(port, "postgres")).end();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error("PostgreSQL does not answer within 30 s");
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
