import { join } from "node:path";
import { tellProgress } from "../copy-progress.ts";
import type { CopyContext } from "../copy.ts";
import { readJson } from "../folder-files.ts";
import { filesOf, type GitIndexEntry, readIndex, type SavedRepository } from "../git-folder.ts";
import { inOrder } from "../in-order.ts";
import { DamagedBackupError } from "../restic-errors.ts";
import { scanBundle } from "./git-pointers.ts";
import type { LfsPointer } from "./lfs-pointer.ts";
import { openPointerCache, type PointerCache } from "./pointer-cache.ts";

/** Unpacking keeps a core busy. */
const several = { atOnce: 2, ahead: 16 } as const;

export interface GitPlaces {
  /** The copy of the repositories. */
  readonly folder: string;
  /** A folder to unpack to. */
  readonly scratch: string;
  /** File of what is known of bundles. */
  readonly cache: string;
}

/**
 * The LFS pointers of every repository of a copy, by its path. Bundles that were looked through before are not unpacked again.
 * @throws ToolboxError that names the repository whose files are damaged
 */
export async function readStoredGit(
  places: GitPlaces,
  context: CopyContext,
): Promise<ReadonlyMap<string, readonly LfsPointer[]>> {
  const { repositories } = await readIndex(places.folder);
  const cache = await openPointerCache(places.cache);
  const progress = tellProgress(context, "items", repositories.length);
  const found = new Map<string, readonly LfsPointer[]>();
  const work = async (entry: GitIndexEntry): Promise<readonly [string, readonly LfsPointer[]]> => [
    entry.relativePath,
    await pointersOf(entry, places, cache),
  ];
  for await (const [path, pointers] of inOrder(repositories, several, work)) {
    found.set(path, pointers);
    progress.advance(1);
  }
  await cache.tidy();
  progress.finish();
  return found;
}

async function pointersOf(
  { relativePath, folder }: GitIndexEntry,
  places: GitPlaces,
  cache: PointerCache,
): Promise<readonly LfsPointer[]> {
  const files = filesOf(places.folder, relativePath);
  const saved = (await readJson(files.record)) as SavedRepository | undefined;
  if (saved === undefined) throw new DamagedBackupError(`${files.record} of ${relativePath} is missing or damaged`);
  if (saved.bundle === undefined) return [];
  const known = cache.get(saved.bundle.sha256);
  if (known !== undefined) return known;
  const isSha256 = saved.refs.some(({ target }) => target.length === 64);
  const bundle = {
    repository: relativePath,
    bundle: files.bundle,
    objectFormat: isSha256 ? "sha256" : "sha1",
  } as const;
  const pointers = await scanBundle(bundle, join(places.scratch, folder));
  await cache.add(saved.bundle.sha256, pointers);
  return pointers;
}
