import { join } from "node:path";
import type { BackupObjects } from "../contract.generated.ts";
import { errorText, ToolboxError } from "../errors.ts";
import { callS3, requireS3 } from "../s3-client.ts";
import { type ProgressTeller, tellProgress } from "./copy-progress.ts";
import type { CopyContext, CopyResult } from "./copy.ts";
import { damageOf, type FileSum, readJson, refuseDamage, sizeOf, unfinishedCopy } from "./folder-files.ts";
import { inOrder } from "./in-order.ts";
import { objectError, objectPath, patiently, putObject, sumContent, unquoted } from "./object-calls.ts";
import { contentFile, indexFilesOf, type ObjectEntry, readEntries } from "./object-index.ts";

/** `objects.json`, which is written last: without it the copy was not finished. */
export interface ObjectsIndex {
  readonly buckets: readonly BucketSummary[];
}

export interface BucketSummary {
  readonly name: string;
  readonly objects: number;
  /** Of all objects together. */
  readonly bytes: number;
  readonly index: FileSum;
}

export const objectsFile = "objects.json";

const several = { atOnce: 8, ahead: 256 } as const;
/** Hashing keeps the cores busy, not the network. */
const hashing = { atOnce: 4, ahead: 64 } as const;

/** Which objects are put back, and where. */
export interface RestoreObjectsOptions {
  /** One bucket alone. */
  readonly bucket?: string;
  /** Keys that begin with this alone. */
  readonly prefix?: string;
  /** Put before each key, to have the saved objects beside those that are there. */
  readonly into?: string;
  /** Where each goes by its key; to its own place without it. */
  readonly placeOf?: (key: string) => string;
}

interface RestoreRun {
  readonly access: BackupObjects;
  readonly folder: string;
  readonly options: RestoreObjectsOptions;
  readonly progress: ProgressTeller;
  /** What a store calls a content that had to be uploaded in parts, by its hash. */
  readonly partedEtags: Map<string, string>;
}

/**
 * Uploads objects of the folder into buckets that are there. All contents that are wanted are checked before anything is changed. An
 * object that is there with the same content is left as it is; others of the same key are written over; nothing is ever deleted.
 * @throws ToolboxError that names what is damaged, missing or refused
 */
export async function restoreObjects(
  access: BackupObjects,
  folder: string,
  options: RestoreObjectsOptions,
  context: CopyContext,
): Promise<CopyResult> {
  const buckets = await chooseBuckets(folder, options);
  const bytes = buckets.reduce((sum, bucket) => sum + bucket.bytes, 0);
  // all of it is read twice: to be checked, and to be uploaded
  const progress = tellProgress(context, "bytes", 2 * bytes);
  const run: RestoreRun = { access, folder, options, progress, partedEtags: new Map() };
  refuseDamage("the objects", await findDamage(run, buckets));
  for (const { name } of buckets) await requireBucket(access, name);
  const total = { items: 0, bytes: 0, changedBytes: 0 };
  for (const { name } of buckets) {
    const uploads = inOrder(chosenEntries(run, name), several, async (entry, signal) =>
      restoreObject({ ...run, signal }, name, entry),
    );
    for await (const { size, written } of uploads) {
      total.items += 1;
      total.bytes += size;
      total.changedBytes += written;
    }
  }
  progress.finish();
  return total;
}

async function chooseBuckets(folder: string, { bucket }: RestoreObjectsOptions): Promise<readonly BucketSummary[]> {
  const index = (await readJson(join(folder, objectsFile))) as Partial<ObjectsIndex> | undefined;
  if (index?.buckets === undefined) throw unfinishedCopy("the objects", objectsFile);
  const chosen = index.buckets.filter(({ name }) => bucket === undefined || name === bucket);
  if (bucket !== undefined && chosen.length === 0) {
    throw new ToolboxError(`the copy holds no bucket ${bucket}; nothing was changed`);
  }
  return chosen;
}

async function* chosenEntries(
  { folder, options: { prefix = "" } }: Pick<RestoreRun, "folder" | "options">,
  bucket: string,
): AsyncGenerator<ObjectEntry, void, undefined> {
  for await (const entry of readEntries(indexFilesOf(folder, bucket).index)) {
    if (entry.key.startsWith(prefix)) yield entry;
  }
}

async function findDamage(run: RestoreRun, buckets: readonly BucketSummary[]): Promise<readonly string[]> {
  const damages: string[] = [];
  const checked = new Set<string>();
  for (const { name, index } of buckets) {
    const damage = await damageOf(indexFilesOf(run.folder, name).index, index);
    if (damage !== undefined) {
      damages.push(`objects/${name}.jsonl ${damage}`);
      continue;
    }
    for await (const found of inOrder(chosenEntries(run, name), hashing, async (entry) =>
      checkEntry(run, entry, checked),
    )) {
      if (found !== undefined) damages.push(found);
    }
  }
  return damages;
}

/** What is wrong with the content of an entry, or undefined; each content is looked at once. */
async function checkEntry(run: RestoreRun, entry: ObjectEntry, checked: Set<string>): Promise<string | undefined> {
  run.progress.advance(entry.size);
  const { sha256, size, file } = entry;
  if (checked.has(sha256)) return undefined;
  checked.add(sha256);
  if (file !== contentFile(sha256)) return `the place of "${entry.key}" is not that of its content`;
  const path = join(run.folder, file);
  const bytes = await sizeOf(path);
  if (bytes === undefined) return `${file} ("${entry.key}") is missing`;
  if (bytes !== size) return `${file} ("${entry.key}") has ${bytes} bytes instead of ${size}`;
  const sums = await sumContent(path, size);
  if (sums.sha256 !== sha256) return `${file} ("${entry.key}") has another content than was written`;
  if (sums.partedEtag !== undefined) run.partedEtags.set(sha256, sums.partedEtag);
  return undefined;
}

async function requireBucket(access: BackupObjects, bucket: string): Promise<void> {
  try {
    await patiently(async () => requireS3(access, { method: "HEAD", path: `/${bucket}` }), undefined);
  } catch (error) {
    throw new ToolboxError(`looking at bucket ${bucket}: ${errorText(error)}; nothing was changed`, {
      advice: "make the buckets of the platform first; the key must be allowed to write into them",
      cause: error,
    });
  }
}

async function restoreObject(
  { access, folder, options, progress, partedEtags, signal }: RestoreRun & { readonly signal: AbortSignal },
  bucket: string,
  entry: ObjectEntry,
): Promise<{ readonly size: number; readonly written: number }> {
  const { into = "", placeOf = (own: string) => own } = options;
  const key = `${into}${placeOf(entry.key)}`;
  const store = { ...access, signal };
  try {
    const path = objectPath(bucket, key);
    const there = await patiently(async () => callS3(store, { method: "HEAD", path }), signal);
    const isSame =
      there.status === 200 &&
      Number(there.headers["content-length"]) === entry.size &&
      unquoted(there.headers.etag) === (partedEtags.get(entry.sha256) ?? entry.md5);
    if (!isSame) await putObject(store, { path, file: join(folder, entry.file), entry });
    progress.advance(entry.size);
    return { size: entry.size, written: isSame ? 0 : entry.size };
  } catch (error) {
    signal.throwIfAborted();
    throw objectError("putting back", bucket, key, error);
  }
}
