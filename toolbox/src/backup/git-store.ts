import { mkdir, rm } from "node:fs/promises";
import type { BackupGit } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import { type GitRef, readBundleRefs, refDifference } from "./bundle-header.ts";
import { tellProgress } from "./copy-progress.ts";
import type { CopyContext, CopyResult } from "./copy.ts";
import { type FileSum, receiveFile, refuseDamage, removePartial, toJson, writeWhole } from "./folder-files.ts";
import {
  beginIndex,
  checkRepository,
  filesOf,
  finishIndex,
  type GitIndexEntry,
  readEarlier,
  readIndex,
  type RepositoryFiles,
  type SavedRepository,
  subfolderOf,
} from "./git-folder.ts";
import { type GitServer, isNotFound, openGitServer, repositoryError } from "./git-server.ts";
import { inOrder } from "./in-order.ts";

/** Copying, people work in the same server: they wait for each of its programs. */
const copying = { atOnce: 2, ahead: 64 } as const;
const several = { atOnce: 4, ahead: 64 } as const;

/**
 * Copies all repositories of a storage into the folder, each as one bundle with all its refs. Those whose refs are what the folder holds
 * from an earlier copy are not fetched again. Interrupted at any time, the next run goes on with what is there.
 * @throws ToolboxError that names the repository; then the folder is no finished copy until a later run has succeeded
 */
export async function saveGit(access: BackupGit, folder: string, context: CopyContext): Promise<CopyResult> {
  return withServer(access, async (server) => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await beginIndex(folder);
    const paths = await naming("listing the repositories of storage", access.storage, () => server.list());
    const progress = tellProgress(context, "items", paths.length);
    const entries: GitIndexEntry[] = [];
    const total = { items: 0, bytes: 0, changedBytes: 0 };
    const copies = inOrder(paths, copying, async (path, signal) => saveRepository(server, folder, path, signal));
    for await (const [index, copy] of numbered(copies)) {
      progress.advance(1);
      if (copy === undefined) {
        context.log(`repository ${paths[index] ?? "?"} was removed meanwhile and is left out`);
        continue;
      }
      entries.push(copy.entry);
      total.items += 1;
      total.bytes += copy.bytes;
      total.changedBytes += copy.changedBytes;
    }
    await finishIndex(folder, entries);
    progress.finish();
    return total;
  });
}

interface RepositoryCopy {
  readonly entry: GitIndexEntry;
  readonly bytes: number;
  readonly changedBytes: number;
}

/** Gives undefined when the repository is no longer there. */
async function saveRepository(
  server: GitServer,
  folder: string,
  path: string,
  signal: AbortSignal,
): Promise<RepositoryCopy | undefined> {
  try {
    return await copyRepository(server, folder, path, signal);
  } catch (error) {
    if (isNotFound(error) && !(await server.exists(path))) return undefined;
    signal.throwIfAborted();
    throw repositoryError("copying repository", path, error);
  }
}

async function copyRepository(
  server: GitServer,
  folder: string,
  path: string,
  signal: AbortSignal,
): Promise<RepositoryCopy> {
  const files = filesOf(folder, path);
  const earlier = await readEarlier(folder, path);
  const refs = await server.refs(path);
  const defaultBranch = await server.head(path);
  const isSame = earlier !== undefined && refDifference(earlier.refs, refs) === undefined;
  // From the first file that changes to the last, the record would say what the files are not.
  if (!isSame) await rm(files.record, { force: true });
  await removePartial(files.bundle);
  const content = isSame ? keptContent(earlier) : await fetchContent(server, path, files, signal);
  const hooks = await saveHooks(server, path, files, signal);
  const saved: SavedRepository = { relativePath: path, defaultBranch, ...content.saved, ...(hooks && { hooks }) };
  const { sha256 } = await writeWhole(files.record, toJson(saved));
  return {
    entry: { relativePath: path, folder: subfolderOf(path), sha256 },
    bytes: (saved.bundle?.bytes ?? 0) + (hooks?.bytes ?? 0),
    changedBytes: content.fetched,
  };
}

interface Content {
  readonly saved: Pick<SavedRepository, "refs" | "bundle">;
  readonly fetched: number;
}

function keptContent({ refs, bundle }: SavedRepository): Content {
  return { saved: { refs, ...(bundle && { bundle }) }, fetched: 0 };
}

/** Somebody may push meanwhile: the refs that are written down are those that the bundle has. */
async function fetchContent(
  server: GitServer,
  path: string,
  files: RepositoryFiles,
  signal: AbortSignal,
): Promise<Content> {
  try {
    const bundle = await receiveFile(files.bundle, server.bundle(path, signal));
    return { saved: { refs: await readBundleRefs(files.bundle), bundle }, fetched: bundle.bytes };
  } catch (error) {
    // Gitaly makes no bundle of nothing.
    const refs: readonly GitRef[] = signal.aborted ? [] : await server.refs(path);
    if (signal.aborted || refs.length > 0) throw error;
    await rm(files.bundle, { force: true });
    return { saved: { refs: [] }, fetched: 0 };
  }
}

async function saveHooks(
  server: GitServer,
  path: string,
  files: RepositoryFiles,
  signal: AbortSignal,
): Promise<FileSum | undefined> {
  const sum = await receiveFile(files.hooks, server.hooks(path, signal));
  if (sum.bytes > 0) return sum;
  await rm(files.hooks);
  return undefined;
}

/** Which repository is put back, and where. Without `only`, all of them at their own places. */
export interface RestoreGitOptions {
  /** Relative path of one repository. */
  readonly only?: string;
  /** Relative path that this one gets instead of its own, to look at it beside the other. */
  readonly as?: string;
  /** Where each goes by its path; to its own place without it. */
  readonly placeOf?: (path: string) => string;
}

interface RestoredRepository {
  readonly saved: SavedRepository;
  readonly target: string;
}

/**
 * Puts repositories of the folder into a storage. All files are checked, and all places looked at, before anything is changed. A
 * repository that is there with exactly these refs is left as it is; run again after an interruption it finishes. What the storage holds
 * besides is told and not touched.
 * @throws ToolboxError that names what is damaged, in the way, or not as it was written down
 */
export async function restoreGit(
  access: BackupGit,
  folder: string,
  options: RestoreGitOptions,
  context: CopyContext,
): Promise<CopyResult> {
  const wanted = await checkCopy(folder, options);
  return withServer(access, async (server) => {
    const progress = tellProgress(context, "items", wanted.length);
    for await (const way of inOrder(wanted, several, async (repository) => lookAt(server, repository))) {
      if (way !== undefined) throw new ToolboxError(`${way}; nothing was changed`, { advice: inTheWay });
    }
    const total = { items: 0, bytes: 0, changedBytes: 0 };
    const work = async (repository: RestoredRepository, signal: AbortSignal): Promise<CopyResult> =>
      restoreRepository(server, folder, repository, signal);
    for await (const done of inOrder(wanted, several, work)) {
      total.items += done.items;
      total.bytes += done.bytes;
      total.changedBytes += done.changedBytes;
      progress.advance(1);
    }
    if (options.only === undefined) await tellOthers(server, wanted, context);
    progress.finish();
    return total;
  });
}

const inTheWay = "move it away or put the saved one beside it under another path; Gitaly's own is never overwritten";

async function checkCopy(
  folder: string,
  { only, as, placeOf = (path) => path }: RestoreGitOptions,
): Promise<readonly RestoredRepository[]> {
  if (as !== undefined && only === undefined) throw new TypeError("another path is for one repository");
  const { repositories } = await readIndex(folder);
  const chosen = repositories.filter(({ relativePath }) => only === undefined || relativePath === only);
  if (only !== undefined && chosen.length === 0) {
    throw new ToolboxError(`the copy holds no repository ${only}; nothing was changed`);
  }
  const damages: string[] = [];
  const checked: RestoredRepository[] = [];
  for await (const result of inOrder(chosen, several, async (entry) => checkRepository(folder, entry))) {
    if (result.damage !== undefined) damages.push(result.damage);
    else checked.push({ saved: result.saved, target: as ?? placeOf(result.saved.relativePath) });
  }
  refuseDamage("the Git repositories", damages);
  return checked;
}

/** What is in the way of a repository, or undefined. */
async function lookAt(server: GitServer, { saved, target }: RestoredRepository): Promise<string | undefined> {
  return naming("looking at repository", target, async () => {
    if (!(await server.exists(target))) return undefined;
    const there = await server.refs(target);
    if (there.length === 0) return undefined;
    const difference = refDifference(saved.refs, there);
    return difference === undefined ? undefined : `repository ${target} is there with other content: ${difference}`;
  });
}

async function restoreRepository(
  server: GitServer,
  folder: string,
  { saved, target }: RestoredRepository,
  signal: AbortSignal,
): Promise<CopyResult> {
  const files = filesOf(folder, saved.relativePath);
  const bytes = (saved.bundle?.bytes ?? 0) + (saved.hooks?.bytes ?? 0);
  let changedBytes = 0;
  await naming("putting back repository", target, async () => {
    if (!(await server.exists(target))) await server.create(target, saved.defaultBranch);
    const before = await server.refs(target);
    if (saved.bundle !== undefined && refDifference(saved.refs, before) !== undefined) {
      await server.fetchBundle(target, files.bundle, signal);
      changedBytes += saved.bundle.bytes;
    }
    if (saved.hooks !== undefined) await server.setHooks(target, files.hooks, signal);
    // One that was there already, empty, may have another.
    if (saved.defaultBranch !== "" && (await server.head(target)) !== saved.defaultBranch) {
      await server.setHead(target, saved.defaultBranch);
    }
    const difference = refDifference(saved.refs, await server.refs(target));
    if (difference !== undefined) throw new ToolboxError(`it is not as it was saved: ${difference}`);
  });
  return { items: 1, bytes, changedBytes };
}

async function tellOthers(
  server: GitServer,
  restored: readonly RestoredRepository[],
  context: CopyContext,
): Promise<void> {
  const known = new Set(restored.map(({ target }) => target));
  for (const path of await server.list()) {
    if (!known.has(path)) context.log(`repository ${path} is in Gitaly but not in the copy; it was not touched`);
  }
}

async function withServer<Result>(access: BackupGit, use: (server: GitServer) => Promise<Result>): Promise<Result> {
  const server = await openGitServer(access);
  try {
    return await use(server);
  } finally {
    server.close();
  }
}

async function naming<Result>(doing: string, name: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    throw repositoryError(doing, name, error);
  }
}

async function* numbered<Item>(items: AsyncIterable<Item>): AsyncGenerator<readonly [number, Item], void, undefined> {
  let index = 0;
  for await (const item of items) {
    yield [index, item];
    index += 1;
  }
}
