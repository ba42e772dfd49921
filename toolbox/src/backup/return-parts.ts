import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BackupDocument, PostgresLogin } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import { connectPostgres, sqlState } from "../postgres-client.ts";
import type { BackupEvent } from "./backup-events.ts";
import { quietly } from "./copy.ts";
import { withLibpq } from "./libpq.ts";
import type { StoreName } from "./manifest.ts";
import type { Restic } from "./restic.ts";
import { lastLines, runProgram } from "./run-program.ts";
import type { BackupFolder } from "./work-folder.ts";

export interface ReturnWork {
  readonly document: BackupDocument;
  readonly folder: BackupFolder;
  readonly restic: Restic;
  readonly tell: (event: BackupEvent) => void;
  readonly log: (line: string) => void;
}

/**
 * Brings one database of a backup back under another name, beside the one that is in use.
 * @throws ToolboxError when it is not in the backup, or there is one of that name
 */
export async function returnDatabase(id: string, name: string, as: string, work: ReturnWork): Promise<void> {
  const login = required(work.document.postgres, "databases");
  await requireNoDatabase(login, as);
  await withPart("postgres", id, work, async (restored, scratch) => {
    const [{ withScratchServer }, { dumpDatabase }] = await Promise.all([
      import("./scratch-server.ts"),
      import("./prove-postgres.ts"),
    ]);
    const file = join(scratch, "database.dump");
    const owner = await withScratchServer(restored, join(scratch, "server"), quietly(work), async (server) => {
      const [found] = await server.query(
        "postgres",
        "select pg_get_userbyid(datdba) as owner from pg_database where datname = $1",
        [name],
      );
      if (found === undefined) throw new ToolboxError(`there is no database ${name} in backup ${id}`);
      await dumpDatabase(server, name, file);
      return String(found["owner"]);
    });
    await loadDatabase(login, { as, owner, file });
  });
  work.tell({ event: "returned", what: `database ${name}`, as });
}

async function requireNoDatabase(login: PostgresLogin, name: string): Promise<void> {
  const client = await connectPostgres(login);
  try {
    const found = await client.query("select 1 from pg_database where datname = $1", [name]);
    if (found.rowCount === 0) return;
  } finally {
    await client.end();
  }
  throw new ToolboxError(`there is a database ${name} already, and nothing was changed`, {
    advice: "give another name with --as, or drop that one when nobody needs it",
  });
}

interface LoadedDatabase {
  readonly as: string;
  readonly owner: string;
  readonly file: string;
}

/** Half a database is worse than none: one that cannot be loaded is dropped again. */
async function loadDatabase(login: PostgresLogin, { as, owner, file }: LoadedDatabase): Promise<void> {
  const client = await connectPostgres(login);
  const database = client.escapeIdentifier(as);
  try {
    await client.query(
      `create database ${database} owner ${client.escapeIdentifier(owner)} encoding 'UTF8' template template0`,
    );
    await client.query(`revoke all on database ${database} from public`);
    const { code, errors } = await withLibpq({ ...login, database: as }, (environment) =>
      // One job: several break tables of timescaledb.
      runProgram("pg_restore", ["--exit-on-error", "--no-password", "--dbname", as, file], { environment }),
    );
    if (code === 0) return;
    await client.query(`drop database ${database} with (force)`);
    throw new ToolboxError(`the database could not be loaded as ${as}, which is gone again: ${lastLines(errors)}`);
  } catch (error) {
    if (sqlState(error) !== "42704") throw error;
    throw new ToolboxError(`the role ${owner}, which owns the database, is not there`, {
      advice: "slipway run postgres-databases makes the roles",
    });
  } finally {
    await client.end();
  }
}

/**
 * Brings one repository back under another path.
 * @throws ToolboxError when it is not in the backup, or another one is there
 */
export async function returnRepository(id: string, path: string, as: string, work: ReturnWork): Promise<void> {
  const access = required(work.document.git, "repositories");
  const { restoreGit } = await import("./git-store.ts");
  await withPart("git", id, work, async (restored) => {
    await restoreGit(access, restored, { only: path, as }, quietly(work));
  });
  work.tell({ event: "returned", what: `repository ${path}`, as });
}

/**
 * Brings the objects of a bucket whose keys begin with a prefix back, under another prefix that stands before their keys.
 * @throws ToolboxError when the bucket is not in the backup
 */
export async function returnObjects(
  id: string,
  { bucket, prefix, into }: { readonly bucket: string; readonly prefix: string; readonly into: string },
  work: ReturnWork,
): Promise<void> {
  const access = required(work.document.objects, "objects");
  const { restoreObjects } = await import("./object-store.ts");
  await withPart("objects", id, work, async (restored) => {
    await restoreObjects(access, restored, { bucket, prefix, into }, quietly(work));
  });
  work.tell({ event: "returned", what: `objects ${bucket}/${prefix}`, as: `${bucket}/${into}` });
}

function required<T>(access: T | undefined, what: string): T {
  if (access !== undefined) return access;
  throw new ToolboxError(`this platform keeps no ${what} of its own: they are elsewhere, and are brought back there`);
}

/** Fetches one store's part of a backup to a place of its own, which is cleared away afterwards. */
async function withPart(
  store: StoreName,
  id: string,
  { restic, folder }: ReturnWork,
  use: (restored: string, scratch: string) => Promise<void>,
): Promise<void> {
  const restored = join(folder.scratch, "part");
  await rm(folder.scratch, { recursive: true, force: true });
  await mkdir(restored, { recursive: true, mode: 0o700 });
  try {
    await restic.restore(id, join(folder.cut, store), restored, () => undefined);
    await use(restored, folder.scratch);
  } finally {
    await rm(folder.scratch, { recursive: true, force: true });
  }
}
