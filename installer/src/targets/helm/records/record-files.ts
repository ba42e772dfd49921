import { basename, dirname, join, relative } from "node:path";
import { keyedDigest } from "../../../execute/digest.ts";
import { type StateLayout, stateLayout } from "../../../execute/state/layout.ts";
import type { FileSystem } from "../../../platform/ports.ts";

/** Texts of an install's records, by their path below the state directory. */
export type RecordFiles = ReadonlyMap<string, string>;

/** Keyed digest of each record, by path. */
export type FileDigests = Readonly<Record<string, string>>;

/**
 * What another machine needs to go on with an install. Logs, rendered releases and what Compose mounts are of one machine; the journal is,
 * too: each step looks for itself whether it is done.
 */
const singleFiles = ["format", "identity", "values", "plan", "pendingPlan", "lock", "applied", "history"] as const;
const folders = ["secrets", "revisions"] as const;

/** Whether a path may be a record: nothing else is ever written into a state directory. */
export function isRecordPath(path: string): boolean {
  const names = stateLayout("");
  if (singleFiles.some((name) => names[name] === path)) return true;
  return folders.some((name) => dirname(path) === names[name]) && /^[\w-][\w.-]*$/.test(basename(path));
}

/** Reads the records of a state directory; none where there is none. */
export async function readRecordFiles(
  fs: Pick<FileSystem, "list" | "readTextIfPresent">,
  layout: StateLayout,
): Promise<RecordFiles> {
  const inFolders = await Promise.all(
    folders.map(async (folder) => (await fs.list(layout[folder])).map((name) => join(layout[folder], name))),
  );
  const paths = [...singleFiles.map((name) => layout[name]), ...inFolders.flat()];
  const found = await Promise.all(
    paths
      .map((path) => [relative(layout.root, path), path] as const)
      .filter(([path]) => isRecordPath(path))
      .map(async ([path, from]) => [path, await fs.readTextIfPresent(from)] as const),
  );
  return new Map(found.flatMap(([path, text]) => (text === undefined ? [] : [[path, text]])));
}

export function digestsOf(key: string, files: RecordFiles): FileDigests {
  return Object.fromEntries([...files].map(([path, text]) => [path, keyedDigest(key, text)]));
}

/** Paths of what differs, sorted. */
export function changedPaths(before: FileDigests, after: FileDigests): readonly string[] {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...paths].filter((path) => before[path] !== after[path]).sort();
}

/**
 * Makes the records of a state directory those that are given. The mark goes last: until it is there, a new directory is none.
 * @param written called after each change, where tests end the program
 */
export async function writeRecordFiles(
  fs: Pick<FileSystem, "list" | "makeDirectory" | "readTextIfPresent" | "remove" | "writeAtomic">,
  layout: StateLayout,
  files: RecordFiles,
  written: () => Promise<void> | undefined,
): Promise<void> {
  for (const folder of [layout.root, layout.secrets, layout.revisions, layout.releases, layout.logs, layout.live]) {
    await fs.makeDirectory(folder, 0o700);
  }
  const before = await readRecordFiles(fs, layout);
  const mark = basename(layout.format);
  const inOrder = [...files].sort(([a], [b]) => Number(a === mark) - Number(b === mark));
  for (const path of before.keys()) {
    if (files.has(path)) continue;
    await fs.remove(join(layout.root, path));
    await written();
  }
  for (const [path, text] of inOrder) {
    if (before.get(path) === text) continue;
    await fs.writeAtomic(join(layout.root, path), text, { mode: path.startsWith("secrets/") ? 0o400 : 0o600 });
    await written();
  }
}
