// Runs inside the toolbox image: takes calls about backups from its standard input and prints what came of them.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { auditBackup } from "../../../toolbox/src/backup/audit/audit-backup.ts";
import { readHubRows } from "../../../toolbox/src/backup/audit/hub-rows.ts";
import { openGitServer } from "../../../toolbox/src/backup/git-server.ts";
import { saveGit } from "../../../toolbox/src/backup/git-store.ts";
import { saveObjects } from "../../../toolbox/src/backup/object-store.ts";
import { dumpDatabase, provePostgres } from "../../../toolbox/src/backup/prove-postgres.ts";
import { restorePostgres, savePostgres } from "../../../toolbox/src/backup/postgres-store.ts";
import { readQuarantined } from "../../../toolbox/src/backup/quarantine.ts";
import { openRestic, type CheckScope, type Restic, type Retention } from "../../../toolbox/src/backup/restic.ts";
import { archiveWal } from "../../../toolbox/src/backup/wal/archive-wal.ts";
import { needlessWal, reachOf, startIn, storedWal, tagsOfStart } from "../../../toolbox/src/backup/wal/stored-wal.ts";
import { holesIn } from "../../../toolbox/src/backup/wal/wal-holes.ts";
import { openBackupFolder } from "../../../toolbox/src/backup/work-folder.ts";
import { withScratchServer } from "../../../toolbox/src/backup/scratch-server.ts";
import type {
  BackupGit,
  BackupObjects,
  BackupRepository,
  Job,
  PostgresLogin,
} from "../../../toolbox/src/contract.generated.ts";
import { ToolboxError } from "../../../toolbox/src/errors.ts";
import { runJob } from "../../../toolbox/src/run-job.ts";

export type Call =
  | readonly ["reach"]
  | readonly ["exists"]
  | readonly ["keys"]
  | readonly ["initialise"]
  | readonly ["snapshots"]
  | readonly ["addKey", newPassword: string]
  | readonly ["backup", folder: string, tags: readonly string[], time?: string]
  | readonly ["restore", snapshotId: string, subfolder: string, target: string]
  | readonly ["check", scope: CheckScope]
  | readonly ["forget", keep: Retention]
  | readonly ["dump", snapshotId: string, path: string]
  | readonly ["savePostgres", login: PostgresLogin, folder: string]
  | readonly ["restorePostgres", snapshotId: string, subfolder: string, data: string]
  | readonly ["provePostgres", folder: string, scratch: string]
  | readonly ["query", folder: string, scratch: string, database: string, sql: string]
  | readonly ["saveGit", access: BackupGit, folder: string]
  | readonly ["saveObjects", access: BackupObjects, folder: string]
  /** A backup of databases alone, with the tags of a whole one. */
  | readonly ["backUpPostgres", login: PostgresLogin, folder: string]
  /** Archives the log of a server until the container is asked to end. */
  | readonly ["archiveWal", login: PostgresLogin, folder: string, seconds: number]
  /** How far the stored log leads from a backup. */
  | readonly ["walReach", snapshotId: string]
  /** What a check says of the log of the platform `hub`. */
  | readonly ["walHoles"]
  /** With a password, that is the one that `postgres` has then. */
  | readonly ["restoreTo", moment: string, snapshotId: string, data: string, password?: string]
  | readonly ["needlessWal", kept: readonly string[]]
  | readonly ["remove", ids: readonly string[]]
  /** Where the references of a copy of a hub lead; `database` is the hub's. */
  | readonly ["audit", cut: string, scratch: string, database: string]
  /** What the storage has, each with its refs. */
  | readonly ["repositories", access: BackupGit]
  /** What the job told. */
  | readonly ["runJob", job: Job]
  | readonly ["quarantined", folder: string, snapshotId: string]
  | readonly ["dumpDatabase", folder: string, scratch: string, database: string, file: string];

export interface Calls {
  readonly repository: BackupRepository;
  readonly deadHosts?: readonly string[];
  /** Seconds that a request may hang, a server may be away, another run may hold the repository, and restic may try the same. */
  readonly patience?: {
    readonly stuckSeconds?: number;
    readonly patienceSeconds?: number;
    readonly lockSeconds?: number;
    readonly retrySeconds?: number;
  };
  readonly calls: readonly Call[];
}

export interface Outcome {
  readonly results: readonly unknown[];
  readonly error?: { readonly name: string; readonly message: string; readonly advice?: string };
}

const log = (line: string): void => void process.stderr.write(`${line}\n`);
const context = { log, progress: () => undefined };

/** What a call does with its words. */
type Handlers = {
  readonly [Name in Call[0]]: (
    restic: Restic,
    ...words: Extract<Call, readonly [Name, ...unknown[]]> extends readonly [unknown, ...infer Words] ? Words : []
  ) => Promise<unknown>;
};

const handlers: Handlers = {
  reach: (restic) => restic.reach(),
  exists: (restic) => restic.exists(),
  keys: (restic) => restic.keys(),
  initialise: (restic) => restic.initialise(),
  snapshots: (restic) => restic.snapshots(),
  addKey: (restic, newPassword) => restic.addKey(newPassword),
  backup: (restic, folder, tags, time) =>
    restic.backup(folder, { tags, ...(time === undefined ? {} : { time: new Date(time) }) }, () => undefined),
  restore: (restic, snapshotId, subfolder, target) => restic.restore(snapshotId, subfolder, target, () => undefined),
  check: (restic, scope) => restic.check(scope),
  forget: async (restic, keep) => {
    const forgotten = await restic.forget(keep);
    await restic.freeRoom();
    return forgotten;
  },
  dump: async (restic, snapshotId, path) => (await restic.dump(snapshotId, path)).toString("utf8"),
  savePostgres: (_, login, folder) => savePostgres(login, folder, context),
  restorePostgres: (restic, snapshotId, subfolder, data) =>
    restorePostgres(restic, snapshotId, subfolder, data, context),
  provePostgres: (_, folder, scratch) => provePostgres(folder, scratch, context),
  query: (_, folder, scratch, database, sql) =>
    withScratchServer(folder, scratch, context, (server) => server.query(database, sql)),
  saveGit: (_, access, folder) => saveGit(access, folder, context),
  saveObjects: (_, access, folder) => saveObjects(access, folder, context),
  backUpPostgres: backUpPostgres,
  archiveWal: async (restic, postgres, folder, walSeconds) => {
    const keep = { daily: 1, weekly: 0, monthly: 0 };
    const document = { name: "hub", repository: asked, folder, postgres, keep, walSeconds };
    await archiveWal({ document, folder: await openBackupFolder(folder, "work"), restic, log });
  },
  walReach: async (restic, snapshotId) => {
    const all = await restic.snapshots();
    const start = startIn(all.find(({ id }) => id === snapshotId)?.tags ?? []);
    return start === undefined ? undefined : reachOf(start, storedWal(all, "hub"));
  },
  walHoles: async (restic) => holesIn(await restic.snapshots(), "hub"),
  restoreTo: (_, moment, snapshot, data, password) => {
    const job = { repository: asked, snapshot, data, moment, folder: "/staging/making" };
    const administrator = password === undefined ? {} : { administrator: { user: "postgres", password } };
    return tellsOf({ kind: "restore-postgres", ...job, ...administrator });
  },
  needlessWal: async (restic, kept) => {
    const all = await restic.snapshots();
    const starts = all.filter(({ id }) => kept.includes(id)).flatMap(({ tags }) => startIn(tags) ?? []);
    return needlessWal(storedWal(all, "hub"), starts);
  },
  remove: (restic, ids) => restic.remove(ids),
  audit: (_, cut, scratch, database) => audit(cut, scratch, database),
  repositories: (_, access) => listRepositories(access),
  runJob: (_, job) => tellsOf(job),
  quarantined: (_, folder, snapshotId) => readQuarantined(folder, snapshotId),
  dumpDatabase: (_, folder, scratch, database, file) =>
    withScratchServer(folder, scratch, context, (server) => dumpDatabase(server, database, file)),
};

async function audit(cut: string, scratch: string, database: string): Promise<unknown> {
  const rows = await withScratchServer(join(cut, "postgres"), join(scratch, "server"), context, (server) =>
    readHubRows(server, [database]),
  );
  const places = { scratch: join(scratch, "bundles"), cache: join(scratch, "pointers") };
  const git = { folder: join(cut, "git"), ...places };
  const folder = join(cut, "objects");
  const objects = { folder, read: (file: string) => readFile(join(folder, file)) };
  return auditBackup({ ...(rows && { rows }), git, objects }, context);
}

async function backUpPostgres(restic: Restic, login: PostgresLogin, folder: string): Promise<string> {
  const saved = await savePostgres(login, join(folder, "postgres"), context);
  const tags = ["of:hub", ...tagsOfStart({ ...saved, cutAt: new Date().toISOString() })];
  return (await restic.backup(folder, { tags }, () => undefined)).snapshotId;
}

async function listRepositories(access: BackupGit): Promise<unknown> {
  const server = await openGitServer(access);
  try {
    const found: Record<string, unknown> = {};
    for (const path of await server.list()) found[path] = await server.refs(path);
    return found;
  } finally {
    server.close();
  }
}

async function tellsOf(job: Job): Promise<readonly string[]> {
  const lines: string[] = [];
  const tell = (line: string): void => void lines.push(line);
  await runJob(job, { probe: false, log: tell, note: tell, change: async (_, apply) => apply() });
  return lines;
}

async function perform([name, ...words]: Call, restic: Restic): Promise<unknown> {
  const handler = handlers[name] as (restic: Restic, ...words: readonly unknown[]) => Promise<unknown>;
  return await handler(restic, ...words);
}

let asked: BackupRepository;

async function main(): Promise<void> {
  const { repository, deadHosts = [], patience, calls } = JSON.parse(await text(process.stdin)) as Calls;
  asked = repository;
  const restic = openRestic(repository, { host: "install", temporary: "/tmp", deadHosts, ...patience, log });
  const results: unknown[] = [];
  let error: Outcome["error"];
  try {
    for (const call of calls) results.push((await perform(call, restic)) ?? null);
  } catch (thrown) {
    if (!(thrown instanceof ToolboxError)) throw thrown;
    const { name, message, advice } = thrown;
    error = { name, message, ...(advice === undefined ? {} : { advice }) };
  } finally {
    await restic.close();
  }
  process.stdout.write(`${JSON.stringify({ results, ...(error === undefined ? {} : { error }) } satisfies Outcome)}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
