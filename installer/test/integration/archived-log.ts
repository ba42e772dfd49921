import type pg from "pg";
import { expect, vi } from "vitest";
import type { WalState } from "../../../toolbox/src/backup/wal/spool.ts";
import type { PostgresLogin } from "../../../toolbox/src/contract.generated.ts";
import { mustRun } from "../support/child.ts";
import { type BackupWorld, serverPassword } from "./backup-world.ts";

/** With which an archive and backups sign in to a server of a world. */
export function backupLogin(host: string): PostgresLogin {
  return { ...{ host, port: 5432, user: "backup", password: serverPassword }, database: "postgres", tls: "off" };
}

/** Makes a server whose log can be archived, with a table `written`. */
export async function serveWritten(world: BackupWorld, service: string, folder: string): Promise<pg.Client> {
  const server = await world.serve(service, folder, { make: true });
  const quoted = `'${serverPassword.replaceAll("'", "''")}'`;
  await server.query(`create role backup login replication password ${quoted}`);
  await server.query("create table written (id int primary key, at timestamptz default now())");
  return server;
}

export async function writeRow(server: pg.Client, id: number): Promise<void> {
  await server.query("insert into written (id) values ($1)", [id]);
}

/** What an archive has told last; nothing before it has told anything. */
export async function archiveState(world: BackupWorld, spool: string): Promise<Partial<WalState>> {
  return JSON.parse(await world.shell(`cat ${spool}/state.json || echo '{}'`)) as Partial<WalState>;
}

export async function untilSo(isSo: () => Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => expect(await isSo()).toBe(true), { timeout: 60_000, interval: 500 });
}

/** Waits until everything that was written before now is stored. */
export async function untilStored(world: BackupWorld, spool: string): Promise<void> {
  const now = new Date().toISOString();
  await untilSo(async () => ((await archiveState(world, spool)).through ?? "") > now);
}

/** A moment with nothing written shortly before or after it. */
export async function quietMoment(): Promise<string> {
  await new Promise((wake) => setTimeout(wake, 300));
  const now = new Date().toISOString();
  await new Promise((wake) => setTimeout(wake, 300));
  return now;
}

/** A folder that belongs to the server's user alone. */
export async function emptyFolder(world: BackupWorld, name: string): Promise<string> {
  const folder = `/staging/${name}`;
  await world.shell(`install -d -o 10001 -g 10001 -m 0700 ${folder}`);
  return folder;
}

/** The rows of `written` in a data directory that was brought back. */
export async function rowsIn(world: BackupWorld, data: string): Promise<readonly number[]> {
  const service = `restored-${data.split("/").at(-1) ?? ""}`;
  const server = await world.serve(service, data);
  const { rows } = await server.query<{ id: number }>("select id from written order by id");
  await server.end();
  await mustRun("docker", ["rm", "-f", `${world.name}-${service}`]);
  return rows.map(({ id }) => id);
}
