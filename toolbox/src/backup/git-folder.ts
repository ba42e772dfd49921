import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { errorText } from "../errors.ts";
import { type GitRef, readBundleRefs, refDifference } from "./bundle-header.ts";
import {
  damageOf,
  type FileSum,
  isMissing,
  readJson,
  sizeOf,
  toJson,
  unfinishedCopy,
  writeWhole,
} from "./folder-files.ts";

/** `repository.json`: what the files beside it hold. */
export interface SavedRepository {
  readonly relativePath: string;
  /** Full name, as `refs/heads/main`; empty when HEAD stands for no branch. */
  readonly defaultBranch: string;
  /** Exactly the refs of the bundle, sorted by name. */
  readonly refs: readonly GitRef[];
  /** None for a repository without a ref. */
  readonly bundle?: FileSum;
  /** None for a repository without hooks of its own. */
  readonly hooks?: FileSum;
}

/** `index.json`, which is written last: without it the copy was not finished. */
export interface GitIndex {
  readonly repositories: readonly GitIndexEntry[];
}

export interface GitIndexEntry {
  readonly relativePath: string;
  /** Sub-folder of the copy. */
  readonly folder: string;
  /** Of its repository.json. */
  readonly sha256: string;
}

const indexFile = "index.json";

/** Where a repository lies in the folder. */
export interface RepositoryFiles {
  readonly folder: string;
  readonly record: string;
  readonly bundle: string;
  readonly hooks: string;
}

export function subfolderOf(relativePath: string): string {
  return createHash("sha256").update(relativePath).digest("hex");
}

export function filesOf(folder: string, relativePath: string): RepositoryFiles {
  const own = join(folder, subfolderOf(relativePath));
  return {
    folder: own,
    record: join(own, "repository.json"),
    bundle: join(own, "bundle"),
    hooks: join(own, "hooks.tar"),
  };
}

/** What an earlier copy holds of a repository; undefined when it is not whole. */
export async function readEarlier(folder: string, relativePath: string): Promise<SavedRepository | undefined> {
  const files = filesOf(folder, relativePath);
  const saved = (await readJson(files.record)) as SavedRepository | undefined;
  if (saved === undefined) return undefined;
  if (saved.bundle !== undefined && (await sizeOf(files.bundle)) !== saved.bundle.bytes) return undefined;
  if (saved.hooks !== undefined && (await sizeOf(files.hooks)) !== saved.hooks.bytes) return undefined;
  return saved;
}

/** From here on, until `finishIndex`, the folder counts as no copy. */
export async function beginIndex(folder: string): Promise<void> {
  await rm(join(folder, indexFile), { force: true });
}

/** Removes the sub-folders of repositories that are gone, then writes down which there are. */
export async function finishIndex(folder: string, repositories: readonly GitIndexEntry[]): Promise<void> {
  const kept = new Set(repositories.map((entry) => entry.folder));
  for (const name of await readdir(folder)) {
    if (/^[0-9a-f]{64}$/.test(name) && !kept.has(name)) await rm(join(folder, name), { recursive: true });
  }
  await writeWhole(join(folder, indexFile), toJson({ repositories } satisfies GitIndex));
}

/**
 * The list of what the folder holds.
 * @throws ToolboxError when the copy was not finished
 */
export async function readIndex(folder: string): Promise<GitIndex> {
  const index = (await readJson(join(folder, indexFile))) as Partial<GitIndex> | undefined;
  if (!Array.isArray(index?.repositories)) throw unfinishedCopy("the Git repositories", indexFile);
  return index as GitIndex;
}

/** What a repository's files hold, or what is wrong with them. Reads all of them; nothing is changed. */
export type CheckedRepository =
  | { readonly saved: SavedRepository; readonly damage?: undefined }
  | { readonly damage: string };

export async function checkRepository(folder: string, entry: GitIndexEntry): Promise<CheckedRepository> {
  const files = filesOf(folder, entry.relativePath);
  const damaged = (file: string, what: string): CheckedRepository => ({
    damage: `${entry.folder}/${file} of ${entry.relativePath} ${what}`,
  });
  const saved = await readRecord(files.record, entry);
  if (typeof saved === "string") return damaged("repository.json", saved);
  const bundle = saved.bundle === undefined ? undefined : await damageOf(files.bundle, saved.bundle);
  if (bundle !== undefined) return damaged("bundle", bundle);
  const hooks = saved.hooks === undefined ? undefined : await damageOf(files.hooks, saved.hooks);
  if (hooks !== undefined) return damaged("hooks.tar", hooks);
  const refs = await differenceToBundle(files.bundle, saved);
  return refs === undefined ? { saved } : damaged("bundle", refs);
}

async function readRecord(path: string, entry: GitIndexEntry): Promise<SavedRepository | string> {
  try {
    const text = await readFile(path);
    const sha256 = createHash("sha256").update(text).digest("hex");
    if (sha256 !== entry.sha256 || entry.folder !== subfolderOf(entry.relativePath)) {
      return "has another content than was written";
    }
    return JSON.parse(text.toString("utf8")) as SavedRepository;
  } catch (error) {
    if (isMissing(error)) return "is missing";
    throw error;
  }
}

async function differenceToBundle(path: string, saved: SavedRepository): Promise<string | undefined> {
  if (saved.bundle === undefined) return undefined;
  try {
    const difference = refDifference(saved.refs, await readBundleRefs(path));
    return difference === undefined ? undefined : `holds other refs than were written down: ${difference}`;
  } catch (error) {
    return `cannot be used: ${errorText(error)}`;
  }
}
