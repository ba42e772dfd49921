import { dirname, join, relative } from "node:path";
import { ApplyError } from "../../errors/installer-error.ts";
import { keyedDigest } from "../../execute/digest.ts";
import type { AppliedRecord } from "../../execute/state/state-store.ts";
import type { CompleteFile } from "../../execute/wanted.ts";
import type { Docker, FileSystem, Host } from "../../platform/ports.ts";
import type { Unit } from "../../render/rendering.ts";
import { changeRecord, type ComposeRecord, composeRecord, type WrittenFile } from "./compose-record.ts";

const liveMode = 0o400;
/** Notices hold nothing secret, and are written where a file cannot be given to its reader; the tree around them is closed. */
const noticesMode = { folder: 0o755, file: 0o644 } as const;

/** The tree of files that containers mount from. */
export interface LiveTree {
  readonly fs: FileSystem;
  readonly root: string;
  /** Key of the digests of files. */
  readonly digestKey: string;
}

export interface LiveTreePorts {
  readonly fs: FileSystem;
  readonly host: Host;
  readonly docker: Docker;
}

/** The files of the tree that are missing or differ from what is wanted. */
export async function staleFiles(
  { fs, root, digestKey }: LiveTree,
  wanted: readonly CompleteFile[],
  record: Pick<ComposeRecord, "files">,
): Promise<readonly CompleteFile[]> {
  const current = await Promise.all(
    wanted.map(async (file) => {
      const recorded = record.files[file.path];
      if (recorded?.digest !== file.digest || recorded.owner !== file.owner) return false;
      const size = Buffer.byteLength(file.contents);
      return isAsRecorded(fs, join(root, file.path), { ...recorded, size }, digestKey);
    }),
  );
  return wanted.filter((_file, index) => current[index] !== true);
}

/** Paths of the recorded files that are gone from the tree, or that were changed after they were written. */
export async function changedFiles(
  { fs, root, digestKey }: LiveTree,
  record: Pick<ComposeRecord, "files">,
): Promise<readonly string[]> {
  const recorded = Object.entries(record.files);
  const current = await Promise.all(
    recorded.map(([path, file]) => isAsRecorded(fs, join(root, path), file, digestKey)),
  );
  return recorded.flatMap(([path], index) => (current[index] === true ? [] : [path]));
}

/** A file we may not read any more is judged by its size, its mode and its owner alone. */
async function isAsRecorded(fs: FileSystem, path: string, recorded: WrittenFile, digestKey: string): Promise<boolean> {
  const found = await fs.stat(path);
  if (found === undefined || found.directory || found.mode !== liveMode) return false;
  if (recorded.owner !== undefined && found.uid !== recorded.owner) return false;
  if (recorded.size !== undefined && found.size !== recorded.size) return false;
  try {
    return keyedDigest(digestKey, await fs.readBytes(path)) === recorded.digest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") return true;
    throw error;
  }
}

/** Writes what differs and removes what no longer belongs; the recorded digests follow. */
export async function writeLiveTree(
  ports: LiveTreePorts,
  wanted: readonly CompleteFile[],
  record: AppliedRecord,
  options: {
    readonly root: string;
    readonly digestKey: string;
    readonly readers: readonly Unit[];
    readonly chownImage?: string | undefined;
    /** Folders in which others write while containers run; made when missing, and left alone. */
    readonly notices: readonly string[];
  },
): Promise<{ readonly written: readonly string[]; readonly removed: readonly string[] }> {
  const { root, digestKey, readers, chownImage, notices } = options;
  const stale = await staleFiles({ fs: ports.fs, root, digestKey }, wanted, composeRecord(record.current()));
  await forgetReaders(record, readers, stale);
  await makeDirectories(ports.fs, root, stale);
  for (const folder of notices) {
    // One that is there may be the engine's own work, where this user may change nothing: then nobody is told, and that is all.
    if ((await ports.fs.stat(join(root, folder)))?.directory === true) continue;
    await ports.fs.makeDirectory(join(root, dirname(folder)), 0o700);
    await ports.fs.makeDirectory(join(root, folder), noticesMode.folder);
  }
  const canChown = ports.host.isRoot();
  for (const file of stale) {
    const owner = canChown && file.owner !== undefined ? { owner: file.owner } : {};
    const path = join(root, file.path);
    // An engine that mounts a file which is gone leaves a directory in its place.
    if ((await ports.fs.stat(path))?.directory === true) await ports.fs.remove(path);
    await ports.fs.writeAtomic(path, file.contents, { mode: liveMode, ...owner });
  }
  if (!canChown) await handOver(ports.docker, root, stale, chownImage);
  const removed = await removeUnknown(ports.fs, root, new Set([...wanted.map((file) => file.path), ...notices]));
  if (stale.length > 0 || removed.length > 0) {
    const files = Object.fromEntries(
      wanted.map((file) => [
        file.path,
        {
          digest: file.digest,
          size: Buffer.byteLength(file.contents),
          ...(file.owner === undefined ? {} : { owner: file.owner }),
        },
      ]),
    );
    await record.update((applied) => changeRecord(applied, { files }));
  }
  return { written: stale.map((file) => file.path), removed };
}

/**
 * A container keeps the file it was started with, so one that reads a rewritten file must be restarted. That is on the disk before
 * the file is, so that a run killed between the two is made good by the next.
 */
async function forgetReaders(
  record: AppliedRecord,
  readers: readonly Unit[],
  stale: readonly CompleteFile[],
): Promise<void> {
  const paths = new Set(stale.map((file) => file.path));
  const before = composeRecord(record.current()).containers;
  const containers = Object.entries(before).map(([id, container]) => {
    const reads = readers.find((unit) => unit.id === id)?.filePaths.some((path) => paths.has(path)) === true;
    return [id, reads ? { ...container, filesDigest: "" } : container] as const;
  });
  if (containers.every(([id, container]) => before[id] === container)) return;
  await record.update((applied) => changeRecord(applied, { containers: Object.fromEntries(containers) }));
}

async function makeDirectories(fs: FileSystem, root: string, files: readonly CompleteFile[]): Promise<void> {
  const folders = new Set<string>();
  for (const file of files) {
    for (let folder = dirname(file.path); folder !== "."; folder = dirname(folder)) folders.add(folder);
  }
  for (const folder of [...folders].sort()) await fs.makeDirectory(join(root, folder), 0o700);
}

/** Without root we cannot give files away ourselves; the engine can. */
async function handOver(
  docker: Docker,
  root: string,
  files: readonly CompleteFile[],
  image: string | undefined,
): Promise<void> {
  const owned = files.filter((file) => file.owner !== undefined);
  if (owned.length === 0) return;
  if (image === undefined) {
    throw new ApplyError("configuration cannot be given to the users of the services", {
      hint: "run the same command as root: this user may not do it, and the engine has no image of the plan to do it with",
    });
  }
  for (const owner of new Set(owned.map((file) => file.owner))) {
    const paths = owned.filter((file) => file.owner === owner).map((file) => `/live/${file.path}`);
    const result = await docker.runOnce({
      image,
      entrypoint: ["/bin/chown", "--no-dereference", `${owner ?? 0}:${owner ?? 0}`],
      command: paths,
      user: "0:0",
      binds: [`${root}:/live`],
      capabilities: ["CHOWN", "DAC_READ_SEARCH"],
      labels: {},
      timeoutMs: 60_000,
    });
    if (result.exitCode !== 0) {
      throw new ApplyError(`configuration could not be given to uid ${owner ?? 0}`, { details: result.output });
    }
  }
}

async function removeUnknown(fs: FileSystem, root: string, wanted: ReadonlySet<string>): Promise<readonly string[]> {
  const removed: string[] = [];
  const visit = async (folder: string): Promise<boolean> => {
    let kept = false;
    for (const name of await fs.list(folder)) {
      const path = join(folder, name);
      const found = await fs.stat(path);
      const isWanted = wanted.has(relative(root, path));
      if (isWanted || (found?.directory === true && (await visit(path)))) {
        kept = true;
        continue;
      }
      await fs.remove(path);
      removed.push(relative(root, path));
    }
    return kept;
  };
  await visit(root);
  return removed;
}

/**
 * Puts texts into a component's folder of notices in place of those before. A container has the folder mounted, so that it stays the
 * same folder.
 */
export async function writeNotices(fs: FileSystem, folder: string, texts: ReadonlyMap<string, string>): Promise<void> {
  await fs.makeDirectory(dirname(folder), 0o700);
  await fs.makeDirectory(folder, noticesMode.folder);
  for (const [name, text] of texts)
    await fs.writeAtomic(join(folder, name), text, { mode: noticesMode.file, flush: false });
  for (const name of await fs.list(folder)) if (!texts.has(name)) await fs.remove(join(folder, name));
}
