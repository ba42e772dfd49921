import { chmod, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { PostgresLogin } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import { countDatabases, readManifest, verifyBaseBackup } from "./base-backup.ts";
import type { CopyContext, CopyProgress, CopyResult } from "./copy.ts";
import { withLibpq } from "./libpq.ts";
import { measureFolder } from "./measure-folder.ts";
import { leftToDo, markRestored, placeRestored, restoring } from "./place-restored.ts";
import { postgresError } from "./postgres-errors.ts";
import { DamagedBackupError } from "./restic-errors.ts";
import type { Restic } from "./restic.ts";
import { runProgram } from "./run-program.ts";

type Environment = Readonly<Record<string, string>>;

export interface PostgresCopy extends CopyResult {
  /** Where the copy is consistent: everything that was committed before is in it. */
  readonly stopLsn: string;
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** As the server says it: `17.12 (Debian 17.12-1)`. */
  readonly serverVersion: string;
}

/**
 * Copies a whole running server, all databases and roles at one moment, into a folder. An earlier copy there is
 * replaced when the new one is whole. The role needs REPLICATION and LOGIN alone.
 * @throws ToolboxError that says in plain words what the server or the disk lacks
 */
export async function savePostgres(login: PostgresLogin, folder: string, context: CopyContext): Promise<PostgresCopy> {
  const making = join(dirname(folder), `.${basename(folder)}.new`);
  const former = join(dirname(folder), `.${basename(folder)}.old`);
  await rm(making, { recursive: true, force: true });
  await rm(former, { recursive: true, force: true });
  const serverVersion = await withLibpq(login, async (environment) => {
    const version = await askVersion(environment);
    await copyServer(making, environment, context);
    return version;
  });
  await refuseTablespaces(making);
  const facts = await readManifest(making);
  const { bytes } = await measureFolder(making);
  await moveAside(folder, former);
  await rename(making, folder);
  await rm(former, { recursive: true, force: true });
  return { items: await countDatabases(folder), bytes, changedBytes: bytes, serverVersion, ...facts };
}

/** Asked of the part of the server that sends copies: no database is needed. It knows its words in capitals alone. */
async function askVersion(environment: Environment): Promise<string> {
  const args = ["-XAtqw", "-d", "replication=true", "-c", "SHOW server_version"];
  const { code, output, errors } = await runProgram("psql", args, { environment });
  if (code !== 0) throw postgresError("copying PostgreSQL", errors);
  return output.toString("utf8").trim();
}

async function copyServer(target: string, environment: Environment, context: CopyContext): Promise<void> {
  // What is stored is read back from here at once; only the repository has to outlive a machine that stops.
  const what = ["-D", target, "-Fp", "-X", "stream", "-c", "fast", "--manifest-checksums=SHA256", "--no-sync"];
  const { code, errors } = await runProgram("pg_basebackup", [...what, "--progress", "--no-password"], {
    environment,
    onErrorLine: (line) => {
      const progress = progressIn(line);
      if (progress === undefined) context.log(line);
      else context.progress(progress);
    },
  });
  if (code === 0) return;
  await rm(target, { recursive: true, force: true });
  throw postgresError("copying PostgreSQL", withoutProgress(errors));
}

/** The lines of `pg_basebackup --progress`: `24064/31404 kB (76%), 0/1 tablespace`. */
export function progressIn(line: string): CopyProgress | undefined {
  const [, done, total] = /^\s*(\d+)\/(\d+) kB \(\d+%\)/.exec(line) ?? [];
  if (done === undefined || total === undefined) return undefined;
  return { done: Number(done) * 1024, total: Number(total) * 1024, unit: "bytes" };
}

function withoutProgress(errors: string): string {
  return errors
    .split(/[\r\n]/)
    .filter((line) => progressIn(line) === undefined)
    .join("\n");
}

/** Their files would lie outside of the folder, where no backup looks. */
async function refuseTablespaces(copy: string): Promise<void> {
  const [tablespace] = await readdir(join(copy, "pg_tblspc"));
  if (tablespace === undefined) return;
  throw new ToolboxError("the server keeps tables in tablespaces of its own, which are not backed up", {
    advice: "move them into the data directory: alter table … set tablespace pg_default, then drop the tablespace",
  });
}

async function moveAside(folder: string, former: string): Promise<void> {
  try {
    await rename(folder, former);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** What becomes of restored files before they are moved to their place. */
export interface Recovery {
  /** Tells what came of it from the same backup without it, or with another. */
  readonly mark: string;
  readonly recover: (folder: string) => Promise<void>;
}

export interface RestoredPostgres {
  /** It had been done before. */
  readonly already: boolean;
}

/**
 * Restores a server's data directory from a base backup in a snapshot. The directory must be empty, or hold this very
 * restore unfinished, which then goes on. Nothing but `.restoring` is in it until all of the backup is there and its
 * checksums are right. Must run as the user of the server.
 * @param subfolder the folder of the base backup, absolute, as it was called when it was stored
 * @throws DamagedBackupError when the backup is not what was stored; the directory is then as empty as before
 */
export async function restorePostgres(
  restic: Restic,
  snapshotId: string,
  subfolder: string,
  dataFolder: string,
  context: CopyContext & { readonly recovery?: Recovery },
): Promise<RestoredPostgres> {
  const { recovery } = context;
  const mark = recovery?.mark ?? snapshotId;
  const left = await leftToDo(dataFolder, mark);
  if (left === "nothing") return { already: true };
  await chmod(dataFolder, 0o700);
  if (left === "restore") {
    await restoreBeside({ restic, snapshotId, subfolder, context }, join(dataFolder, restoring));
    await recovery?.recover(join(dataFolder, restoring));
    await markRestored(dataFolder, mark);
  }
  context.log("moving the restored files to their place");
  await placeRestored(dataFolder);
  return { already: false };
}

interface PostgresRestore {
  readonly restic: Restic;
  readonly snapshotId: string;
  readonly subfolder: string;
  readonly context: CopyContext;
}

async function restoreBeside(request: PostgresRestore, target: string): Promise<void> {
  try {
    await request.restic.restore(request.snapshotId, request.subfolder, target, request.context.progress);
    await chmod(target, 0o700);
    request.context.log("comparing every restored file with its checksum");
    await verifyBaseBackup(target);
  } catch (error) {
    if (error instanceof DamagedBackupError) await rm(target, { recursive: true, force: true });
    throw error;
  }
}
