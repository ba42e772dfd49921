import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BackupRepository } from "../contract.generated.ts";
import { errorText, ToolboxError } from "../errors.ts";
import type { CopyProgress } from "./copy.ts";
import { measureFolder } from "./measure-folder.ts";
import { reachRepository } from "./reach-repository.ts";
import { removeLock } from "./remove-lock.ts";
import { resticExit, tellsOfDamage } from "./restic-errors.ts";
import { count, damageIn, type ResticMessage } from "./restic-messages.ts";
import { type ResticEnd, type ResticProgram, resticProgram } from "./restic-program.ts";
import { forget, freeRoom, remove, type Retention } from "./restic-forget.ts";
import { snapshots, type StoredSnapshot } from "./restic-snapshots.ts";
import { resticPlace, writeRepositoryFiles } from "./restic-repository.ts";

export interface ResticOptions {
  /** Under which name snapshots are kept: the same in all runs of an install, or retention sees each as its own. */
  readonly host: string;
  /** Where indexes are kept between runs; without it nothing is. */
  readonly cacheFolder?: string;
  /** An existing folder for the password's file and packs that are being made. */
  readonly temporary: string;
  /** Host names of runs that have ended for certain: what they locked is free. */
  readonly deadHosts?: readonly string[];
  /** Seconds that another run which holds the repository is waited for; none unless told. */
  readonly lockSeconds?: number;
  /** Seconds after which a request that nothing comes of is made anew. */
  readonly stuckSeconds?: number;
  /** Seconds for which a server is asked again for what it does not do, a quarter of an hour unless told; then a lock of this host may be left. */
  readonly retrySeconds?: number;
  /** Seconds in which a server may come back that is not there. */
  readonly patienceSeconds?: number;
  readonly log: (line: string) => void;
}

export interface StoredBackup {
  readonly snapshotId: string;
  readonly files: number;
  readonly bytes: number;
  /** What the repository grew by. */
  readonly addedBytes: number;
}

/** How much `check` reads: what belongs to what, one group of packs out of several, or all of the data. */
export type CheckScope = "metadata" | "all" | { readonly part: number; readonly of: number };

export type CheckResult = { readonly whole: true } | { readonly whole: false; readonly damage: readonly string[] };

export type { Retention, StoredSnapshot };

type Report = (progress: CopyProgress) => void;

/** Every call throws a ToolboxError in plain words: WrongKeyError, DamagedBackupError, or a plain one. */
export interface Restic {
  /** Sees to it that the repository's server is there, the right one, and lets one in; a directory has none. */
  reach(): Promise<void>;
  /** False only where nothing of a repository is; a password that does not open it is an error. */
  exists(): Promise<boolean>;
  /** Makes the repository unless it is there; one whose making was cut off is begun anew. */
  initialise(): Promise<void>;
  /** What tells the repository from all others. */
  id(): Promise<string>;
  /** How many passwords open the repository. */
  keys(): Promise<number>;
  /** Its keys, each read, while other calls read the first that opens it. */
  lookAtKeys(): Promise<{ readonly whole: readonly string[]; readonly damaged: readonly string[] }>;
  /** Lets another password open the repository; one that does already is left as it is. */
  addKey(newPassword: string): Promise<void>;
  /**
   * Stores a folder, which nobody may write to meanwhile. Fewer or more bytes than are in it is an error, and what
   * was stored is forgotten: restic itself says nothing of a source that is missing or cut short.
   * @param options.time when what is in the folder was so; now if left out
   */
  backup(
    folder: string,
    options: { readonly tags: readonly string[]; readonly time?: Date },
    progress: Report,
  ): Promise<StoredBackup>;
  /** Oldest first; only those with all of the tags. */
  snapshots(tags?: readonly string[]): Promise<readonly StoredSnapshot[]>;
  /**
   * Makes the target, a folder that is for this alone, the same as a folder of the snapshot: what is there already is
   * compared and kept, what does not belong there is removed. Each piece is decrypted with its authentication code
   * and hashed before it is written, so that damaged data is an error; the target is then not to be used.
   */
  restore(snapshotId: string, subfolder: string, target: string, progress: Report): Promise<void>;
  check(scope: CheckScope): Promise<CheckResult>;
  /** Forgets what this install need not keep any more; its room is freed by `freeRoom`. Gives ids. */
  forget(keep: Retention): Promise<{ readonly kept: readonly string[]; readonly removed: readonly string[] }>;
  /**
   * Forgets these; their room is freed by `freeRoom`.
   * @throws AppendOnlyError where the credential may not remove
   */
  remove(ids: readonly string[]): Promise<void>;
  /** Frees the room of what was forgotten. */
  freeRoom(): Promise<void>;
  /**
   * Removes the locks that these hosts left behind, none of which may live, and those of who was silent for two hours; no other.
   * @throws RepositoryCredentialError where the credential may not remove locks
   */
  removeLocksOf(hosts: readonly string[]): Promise<void>;
  /** The content of one small file. */
  dump(snapshotId: string, path: string): Promise<Buffer>;
  /** Removes the password's file; nothing can be done afterwards. */
  close(): Promise<void>;
}

/** Opens a repository of restic 0.18; the password stands in a file that only this user may read, until `close`. */
export function openRestic(repository: BackupRepository, options: ResticOptions): Restic {
  const secrets = mkdtempSync(join(options.temporary, "restic-"));
  chmodSync(secrets, 0o700);
  const passwordFile = join(secrets, "password");
  writeFileSync(passwordFile, repository.password, { mode: 0o600 });
  const files = writeRepositoryFiles(repository, secrets);
  const place = resticPlace(repository, files);
  const { patienceSeconds } = options;
  const door = { repository, shown: place.shown, files, ...(patienceSeconds !== undefined && { patienceSeconds }) };
  const restic = resticProgram({ ...options, place, passwordFile, removeLock: (id) => removeLock(door, id) });
  const config = openConfig(restic);
  return {
    reach: () => reachRepository(door),
    ...config,
    initialise: async () => {
      if (!(await config.exists())) await initialise(restic, repository);
    },
    addKey: (newPassword) => addKey(restic, newPassword, join(secrets, "new-password")),
    backup: (folder, about, progress) => backup({ restic, ...options }, { folder, ...about, progress }),
    snapshots: (tags) => snapshots(restic, tags),
    restore: (snapshotId, subfolder, target, progress) =>
      restore(restic, { source: `${snapshotId}:${subfolder}`, target, progress }),
    check: (scope) => check(restic, scope, place.shown),
    keys: () => keys(restic),
    lookAtKeys: () => lookAtKeys(restic),
    forget: (keep) => forget(restic, options.host, keep),
    remove: (ids) => remove(restic, ids),
    freeRoom: () => freeRoom(restic),
    removeLocksOf: (hosts) => restic.removeLocksOf(hosts),
    dump: (snapshotId, file) => restic.run("reading a file of the backup", ["dump", "--no-lock", snapshotId, file]),
    close: () => rm(secrets, { recursive: true, force: true }),
  };
}

/** What a repository is called by never changes, and every look costs the time that its password is made to cost. */
function openConfig(restic: ResticProgram): Pick<Restic, "exists" | "id"> {
  let known: ResticEnd | undefined;
  const failure = (end: ResticEnd): ToolboxError => restic.failure("opening the backup repository", end);
  const look = async (): Promise<ResticEnd> => {
    const end = known ?? (await restic.end(["cat", "config", "--no-lock"]));
    if (end.code === resticExit.done) known = end;
    return end;
  };
  return {
    exists: async () => {
      const end = await look();
      if (end.code !== resticExit.done && end.code !== resticExit.noRepository) throw failure(end);
      return end.code === resticExit.done;
    },
    id: async () => {
      const end = await look();
      if (end.code !== resticExit.done) throw failure(end);
      return (JSON.parse(end.output.toString("utf8")) as { readonly id: string }).id;
    },
  };
}

async function initialise(restic: ResticProgram, repository: BackupRepository): Promise<void> {
  if (repository.kind === "directory" && (await isHalfMade(repository.path))) {
    await rm(join(repository.path, "keys"), { recursive: true });
  }
  await restic.run("making the backup repository", ["init"]);
}

async function keys(restic: ResticProgram): Promise<number> {
  const output = await restic.run("counting the keys of the backup repository", ["key", "list", "--no-lock"]);
  return (JSON.parse(output.toString("utf8")) as readonly unknown[]).length;
}

async function lookAtKeys(restic: ResticProgram) {
  const doing = "looking at the keys of the backup repository";
  const ids = (await restic.run(doing, ["list", "keys", "--no-lock"])).toString("utf8").split("\n").filter(Boolean);
  const [whole, damaged]: [string[], string[]] = [[], []];
  for (const id of ids) {
    const end = await restic.end(["cat", "key", id, "--no-lock"]);
    if (end.code === resticExit.done) whole.push(id);
    else if (end.problems.some(tellsOfDamage)) damaged.push(id);
    else throw restic.failure(doing, end);
  }
  return { whole, damaged };
}

/** A key and nothing else: restic was ended while it made the repository, and would refuse for ever to make it. */
async function isHalfMade(path: string): Promise<boolean> {
  const entries = await readdir(path).catch((): string[] => []);
  if (!entries.includes("keys")) return false;
  for (const folder of ["data", "index", "snapshots"]) {
    if (entries.includes(folder) && (await measureFolder(join(path, folder))).files > 0) return false;
  }
  return true;
}

async function addKey(restic: ResticProgram, password: string, file: string): Promise<void> {
  await writeFile(file, password, { mode: 0o600 });
  try {
    const tried = await restic.end(["cat", "config", "--no-lock"], { passwordFile: file });
    if (tried.code === resticExit.done) return;
    if (tried.code !== resticExit.wrongPassword) throw restic.failure("looking at a key", tried);
    await restic.run("adding a key to the backup repository", ["key", "add", "--new-password-file", file]);
  } finally {
    await rm(file);
  }
}

interface BackupRequest {
  readonly folder: string;
  readonly tags: readonly string[];
  readonly time?: Date;
  readonly progress: Report;
}

async function backup(
  { restic, host, log }: ResticOptions & { readonly restic: ResticProgram },
  { folder, tags, time, progress }: BackupRequest,
): Promise<StoredBackup> {
  const doing = "storing the backup";
  const expected = await measureFolder(folder).catch((error: unknown) => {
    throw new ToolboxError(`${doing} failed, ${folder} cannot be read: ${errorText(error)}`, { cause: error });
  });
  if (expected.files === 0) throw new ToolboxError(`there is nothing to store in ${folder}`);
  const about = ["--host", host, ...tags.flatMap((tag) => ["--tag", tag]), ...takenAt(time)];
  const end = await restic.end(["backup", ...about, "--", folder], { onMessage: report(progress, "bytes_done") });
  const { summary } = end;
  const snapshotId = summary?.["snapshot_id"];
  const stored = { files: count(summary, "total_files_processed"), bytes: count(summary, "total_bytes_processed") };
  const isWhole = stored.files === expected.files && stored.bytes === expected.bytes;
  if (end.code === resticExit.done && isWhole && typeof snapshotId === "string") {
    return { snapshotId, ...stored, addedBytes: count(summary, "data_added_packed") };
  }
  if (typeof snapshotId === "string") await forgetOne(restic, snapshotId, log);
  if (end.code !== resticExit.done) throw restic.failure(doing, end);
  throw new ToolboxError(
    `${doing} failed: of ${expected.files} files with ${expected.bytes} bytes in ${folder}, ` +
      `${stored.files} with ${stored.bytes} bytes were stored`,
    { advice: "somebody writes to the folder, or its disk does not read what was written; run the backup again" },
  );
}

/** Restic reads times in the zone of its environment, which is UTC. */
function takenAt(time: Date | undefined): readonly string[] {
  return time === undefined ? [] : ["--time", time.toISOString().slice(0, 19).replace("T", " ")];
}

async function forgetOne(restic: ResticProgram, snapshotId: string, log: (line: string) => void): Promise<void> {
  const end = await restic.end(["forget", snapshotId]);
  // The failure of the backup itself is what has to be told; a snapshot without the mark of a proof is never used.
  if (end.code !== resticExit.done) log(`the incomplete snapshot ${snapshotId} could not be forgotten`);
}

function report(progress: Report, done: string): (message: ResticMessage) => void {
  return (message) => {
    if (message.message_type !== "status") return;
    progress({ done: count(message, done), total: count(message, "total_bytes"), unit: "bytes" });
  };
}

interface RestoreRequest {
  readonly source: string;
  readonly target: string;
  readonly progress: Report;
}

async function restore(restic: ResticProgram, { source, target, progress }: RestoreRequest): Promise<void> {
  const doing = "restoring files of the backup";
  // Who only reads leaves no lock behind that would keep others out.
  const args = ["restore", "--no-lock", source, "--target", target, "--delete"];
  const end = await restic.end(args, { onMessage: report(progress, "bytes_restored") });
  if (end.code !== resticExit.done || end.problems.some(tellsOfDamage)) throw restic.failure(doing, end);
  const done = count(end.summary, "files_restored") + count(end.summary, "files_skipped");
  const total = count(end.summary, "total_files");
  if (end.summary === undefined || done < total) {
    throw new ToolboxError(`${doing} failed: ${done} of ${total} were restored`);
  }
}

async function check(restic: ResticProgram, scope: CheckScope, path: string): Promise<CheckResult> {
  const end = await restic.end(["check", ...readingOf(scope)]);
  if (end.code === resticExit.done) return { whole: true };
  const isDamaged = end.code === resticExit.failed && end.problems.some(tellsOfDamage);
  if (!isDamaged) throw restic.failure("checking the backup repository", end);
  const damage = damageIn(end.problems);
  return { whole: false, damage: damage.length > 0 ? damage : [`the repository in ${path} contains errors`] };
}

function readingOf(scope: CheckScope): readonly string[] {
  if (scope === "metadata") return [];
  return scope === "all" ? ["--read-data"] : [`--read-data-subset=${scope.part}/${scope.of}`];
}
