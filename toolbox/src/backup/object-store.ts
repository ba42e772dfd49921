import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BackupObjects } from "../contract.generated.ts";
import { errorText, ToolboxError } from "../errors.ts";
import { openS3, type S3Access, S3Error } from "../s3-client.ts";
import { type ProgressTeller, tellProgress } from "./copy-progress.ts";
import type { CopyContext, CopyResult } from "./copy.ts";
import { type FileSum, readJson, receiveFile, sizeOf, toJson, writeWhole } from "./folder-files.ts";
import { inOrder } from "./in-order.ts";
import {
  isGone,
  type ListedObject,
  listObjects,
  objectError,
  objectPath,
  patiently,
  unquoted,
} from "./object-calls.ts";
import { registryPrefix } from "./audit/registry-layout.ts";
import {
  compareKeys,
  contentFile,
  indexFilesOf,
  lookUpInOrder,
  type ObjectEntry,
  openIndex,
  readEntries,
  readKnown,
} from "./object-index.ts";
import { type BucketSummary, objectsFile, type ObjectsIndex } from "./object-restore.ts";

export { restoreObjects, type RestoreObjectsOptions } from "./object-restore.ts";

const several = { atOnce: 8, ahead: 256 } as const;
const timeoutMs = 120_000;
const incoming = "incoming";

/** How an object is to be served; its type has a place of its own. */
const keptHeaders = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
] as const;

/**
 * Copies the current versions of all objects of the buckets into the folder, each content once. An object that an earlier copy has with
 * the same size, ETag and time is not fetched again, and neither is what an interrupted copy has fetched.
 * @throws ToolboxError that names the object; then the folder is no finished copy until a later run has succeeded
 */
export async function saveObjects(access: BackupObjects, folder: string, context: CopyContext): Promise<CopyResult> {
  await mkdir(join(folder, "objects"), { recursive: true, mode: 0o700 });
  await rm(join(folder, incoming), { recursive: true, force: true });
  const before = (await readJson(join(folder, objectsFile))) as ObjectsIndex | undefined;
  await rm(join(folder, objectsFile), { force: true });
  const bytesBefore = (before?.buckets ?? []).reduce((sum, { bytes }) => sum + bytes, 0);
  const run: Run = {
    access,
    folder,
    context,
    progress: tellProgress(context, "bytes", bytesBefore),
    bytesBefore,
    listed: 0,
  };
  const total = { items: 0, bytes: 0, changedBytes: 0 };
  const buckets: BucketSummary[] = [];
  for (const bucket of access.buckets) {
    const { summary, changedBytes } = await saveBucket(run, bucket);
    buckets.push(summary);
    total.items += summary.objects;
    total.bytes += summary.bytes;
    total.changedBytes += changedBytes;
  }
  await removeUnnamed(folder, access.buckets);
  await rm(join(folder, incoming), { recursive: true, force: true });
  await writeWhole(join(folder, objectsFile), toJson({ buckets } satisfies ObjectsIndex));
  run.progress.finish();
  return total;
}

interface Run {
  readonly access: BackupObjects;
  readonly folder: string;
  readonly context: CopyContext;
  readonly progress: ProgressTeller;
  /** What the last copy had in all: the best guess of how much there is, until more has been listed. */
  readonly bytesBefore: number;
  listed: number;
}

/** An object to copy, with what an earlier copy has of it. */
interface Wanted {
  readonly listed: ListedObject;
  readonly earlier: ObjectEntry | undefined;
}

async function saveBucket(
  run: Run,
  bucket: string,
): Promise<{ readonly summary: BucketSummary; readonly changedBytes: number }> {
  const files = indexFilesOf(run.folder, bucket);
  const referrers = await saveReferrers(run, bucket);
  const known = lookUpInOrder(await readKnown(files));
  const index = await openIndex(files);
  let [objects, bytes, changedBytes] = [0, 0, 0];
  try {
    const others = saveListed(run, bucket, { known, takes: (key) => levelOf(key) === undefined });
    for await (const copy of mergeCopies(referrers, others)) {
      await index.add(copy.entry);
      objects += 1;
      bytes += copy.entry.size;
      changedBytes += copy.fetched;
    }
    const { sha256, bytes: indexBytes } = await index.finish();
    return { summary: { name: bucket, objects, bytes, index: { bytes: indexBytes, sha256 } }, changedBytes };
  } finally {
    await index.close();
  }
}

/**
 * What of a registry refers to other objects of the bucket, each level to the next one: a push that goes on meanwhile writes them in the
 * opposite order, after what they refer to (distribution 3.1, registry/storage/paths.go).
 */
const levels: readonly RegExp[] = [/\/_manifests\/tags\//, /\/_manifests\/revisions\//];

function levelOf(key: string): number | undefined {
  const level = key.startsWith(registryPrefix) ? levels.findIndex((pattern) => pattern.test(key)) : -1;
  return level === -1 ? undefined : level;
}

/** Copies them before everything else; sorted by key. What of them is written afterwards belongs to the next backup. */
async function saveReferrers(run: Run, bucket: string): Promise<readonly ObjectCopy[]> {
  const copies: ObjectCopy[] = [];
  for (const level of levels.keys()) {
    const known = lookUpInOrder(await readKnown(indexFilesOf(run.folder, bucket)));
    const takes = (key: string): boolean => levelOf(key) === level;
    for await (const copy of saveListed(run, bucket, { known, takes, prefix: registryPrefix })) copies.push(copy);
  }
  return copies.sort((a, b) => compareKeys(a.entry.key, b.entry.key));
}

async function* mergeCopies(
  first: readonly ObjectCopy[],
  second: AsyncIterable<ObjectCopy>,
): AsyncGenerator<ObjectCopy, void, undefined> {
  let at = 0;
  for await (const copy of second) {
    for (
      let next = first[at];
      next !== undefined && compareKeys(next.entry.key, copy.entry.key) < 0;
      next = first[at]
    ) {
      yield next;
      at += 1;
    }
    yield copy;
  }
  yield* first.slice(at);
}

interface Listing {
  readonly known: (key: string) => Promise<ObjectEntry | undefined>;
  /** Which keys are copied. */
  readonly takes: (key: string) => boolean;
  readonly prefix?: string;
}

async function* saveListed(run: Run, bucket: string, listing: Listing): AsyncGenerator<ObjectCopy, void, undefined> {
  const copies = inOrder(wantedObjects(run, bucket, listing), several, async (wanted, signal) =>
    saveObject({ ...run, access: { ...run.access, signal } }, bucket, wanted),
  );
  for await (const copy of copies) if (copy !== undefined) yield copy;
}

async function* wantedObjects(
  run: Run,
  bucket: string,
  { known, takes, prefix }: Listing,
): AsyncGenerator<Wanted, void, undefined> {
  try {
    for await (const page of listObjects(run.access, bucket, prefix)) {
      const taken = page.filter(({ key }) => takes(key));
      run.listed += taken.reduce((sum, { size }) => sum + size, 0);
      run.progress.expect(Math.max(run.bytesBefore, run.listed));
      for (const listed of taken) yield { listed, earlier: await known(listed.key) };
    }
  } catch (error) {
    if (error instanceof S3Error) {
      const advice = "look at whether the bucket is there and the key may list it";
      throw new ToolboxError(`listing bucket ${bucket}: ${errorText(error)}`, { advice, cause: error });
    }
    throw error;
  }
}

interface ObjectCopy {
  readonly entry: ObjectEntry;
  readonly fetched: number;
}

interface ObjectRun extends Omit<Run, "access"> {
  readonly access: S3Access;
}

/** Gives undefined when the object is no longer there. */
async function saveObject(
  run: ObjectRun,
  bucket: string,
  { listed, earlier }: Wanted,
): Promise<ObjectCopy | undefined> {
  if (earlier !== undefined && (await isKept(run.folder, earlier, listed))) {
    run.progress.advance(listed.size);
    return { entry: earlier, fetched: 0 };
  }
  try {
    const path = objectPath(bucket, listed.key);
    return await patiently(async () => fetchObject(run, path, listed), run.access.signal);
  } catch (error) {
    if (isGone(error)) {
      run.context.log(`object "${listed.key}" of bucket ${bucket} was deleted meanwhile and is left out`);
      return undefined;
    }
    run.access.signal?.throwIfAborted();
    throw objectError("copying", bucket, listed.key, error);
  }
}

async function isKept(folder: string, earlier: ObjectEntry, listed: ListedObject): Promise<boolean> {
  const isSame = earlier.size === listed.size && earlier.etag === listed.etag && earlier.modified === listed.modified;
  return isSame && (await sizeOf(join(folder, earlier.file))) === listed.size;
}

/** It may have been written anew since it was listed: what is written down is what came. */
async function fetchObject(run: ObjectRun, path: string, listed: ListedObject): Promise<ObjectCopy> {
  const answer = await openS3(run.access, { method: "GET", path, timeoutMs });
  const arrival = join(run.folder, incoming, randomUUID());
  const md5 = createHash("md5");
  let told = 0;
  const parts = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const part of answer) {
      md5.update(part as Buffer);
      told += (part as Buffer).length;
      run.progress.advance((part as Buffer).length);
      yield part as Buffer;
    }
  };
  let sum: FileSum;
  try {
    sum = await receiveFile(arrival, parts());
  } catch (error) {
    run.progress.advance(-told);
    throw error;
  }
  const file = contentFile(sum.sha256);
  await mkdir(join(run.folder, file, ".."), { recursive: true, mode: 0o700 });
  await rename(arrival, join(run.folder, file));
  const entry = { ...described(answer, listed), size: sum.bytes, file, sha256: sum.sha256, md5: md5.digest("hex") };
  return { entry, fetched: sum.bytes };
}

function described({ headers }: IncomingMessage, listed: ListedObject) {
  const etag = unquoted(headers.etag);
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const isKeptHeader = name.startsWith("x-amz-meta-") || keptHeaders.some((known) => known === name);
    if (isKeptHeader && typeof value === "string") kept[name] = value;
  }
  return {
    key: listed.key,
    etag,
    modified: etag === listed.etag ? listed.modified : (headers["last-modified"] ?? ""),
    ...(headers["content-type"] === undefined ? {} : { contentType: headers["content-type"] }),
    headers: kept,
  };
}

/** Removes the indexes of buckets that are no longer copied, then the contents that no index names. */
async function removeUnnamed(folder: string, buckets: readonly string[]): Promise<void> {
  const kept = new Set(buckets.map((bucket) => indexFilesOf(folder, bucket).index));
  const named = new Set<string>();
  for (const name of await readdir(join(folder, "objects"))) {
    const path = join(folder, "objects", name);
    if (!kept.has(path)) await rm(path);
  }
  for (const path of kept) {
    for await (const { file } of readEntries(path)) named.add(file);
  }
  for (const level of await listNames(join(folder, "contents"))) {
    for (const name of await listNames(join(folder, "contents", level))) {
      const file = `contents/${level}/${name}`;
      if (!named.has(file)) await rm(join(folder, file));
    }
  }
}

async function listNames(folder: string): Promise<readonly string[]> {
  return (await sizeOf(folder)) === undefined ? [] : readdir(folder);
}
