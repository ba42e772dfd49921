import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type FileSum, receiveFile, sizeOf } from "./folder-files.ts";

/** One line of `objects/<bucket>.jsonl`: the current version of an object when it was copied. */
export interface ObjectEntry {
  readonly key: string;
  readonly size: number;
  /** Without its quotes. */
  readonly etag: string;
  /** As the store writes it. */
  readonly modified: string;
  /** Where its content lies in the folder. */
  readonly file: string;
  readonly sha256: string;
  readonly md5: string;
  readonly contentType?: string;
  /** What else was said when it was uploaded: user metadata as `x-amz-meta-…`, and how to serve it. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Where the lines of a bucket lie, all sorted by key. */
export interface IndexFiles {
  /** Of the last finished copy. */
  readonly index: string;
  /** What one or more interrupted copies have found out, over the lines of the index; only to look things up. */
  readonly known: string;
  /** Of the copy that is being made, as far as it is. */
  readonly next: string;
}

export function indexFilesOf(folder: string, bucket: string): IndexFiles {
  const base = join(folder, "objects", bucket);
  return { index: `${base}.jsonl`, known: `${base}.known`, next: `${base}.next` };
}

/** Two levels, so that no directory gets too many files. */
export function contentFile(sha256: string): string {
  return `contents/${sha256.slice(0, 2)}/${sha256}`;
}

/** The order of S3 listings: that of the bytes of UTF-8. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The lines of a file, none where there is none. The torn last line of an interrupted copy is left out. */
export async function* readEntries(path: string): AsyncGenerator<ObjectEntry, void, undefined> {
  if ((await sizeOf(path)) === undefined) return;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const entry = parseEntry(line);
    if (entry !== undefined) yield entry;
  }
}

function parseEntry(line: string): ObjectEntry | undefined {
  try {
    return JSON.parse(line) as ObjectEntry;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The lines of both in order; of two for one key, the second one's. */
export async function* mergeEntries(
  first: AsyncIterable<ObjectEntry>,
  second: AsyncIterable<ObjectEntry>,
): AsyncGenerator<ObjectEntry, void, undefined> {
  const older = first[Symbol.asyncIterator]();
  let old = await older.next();
  for await (const entry of second) {
    while (old.done !== true && compareKeys(old.value.key, entry.key) < 0) {
      yield old.value;
      old = await older.next();
    }
    if (old.done !== true && old.value.key === entry.key) old = await older.next();
    yield entry;
  }
  while (old.done !== true) {
    yield old.value;
    old = await older.next();
  }
}

/** Looks keys up in sorted lines; the keys must come in order too, so that nothing has to be kept in memory. */
export function lookUpInOrder(entries: AsyncIterable<ObjectEntry>): (key: string) => Promise<ObjectEntry | undefined> {
  const iterator = entries[Symbol.asyncIterator]();
  let current: Promise<IteratorResult<ObjectEntry, unknown>> | undefined;
  return async (key) => {
    for (;;) {
      current ??= iterator.next();
      const found = await current;
      if (found.done === true) return undefined;
      const order = compareKeys(found.value.key, key);
      if (order > 0) return undefined;
      current = undefined;
      if (order === 0) return found.value;
    }
  };
}

/** What is known from earlier copies of the bucket, also from those that were interrupted. */
export async function readKnown(files: IndexFiles): Promise<AsyncIterable<ObjectEntry>> {
  const hasKnown = (await sizeOf(files.known)) !== undefined;
  const base = hasKnown ? files.known : files.index;
  if ((await sizeOf(files.next)) === undefined) return readEntries(base);
  await receiveFile(files.known, linesOf(mergeEntries(readEntries(base), readEntries(files.next))));
  await rm(files.next);
  return readEntries(files.known);
}

async function* linesOf(entries: AsyncIterable<ObjectEntry>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const entry of entries) yield lineOf(entry);
}

function lineOf(entry: ObjectEntry): Buffer {
  return Buffer.from(`${JSON.stringify(entry)}\n`);
}

/** Writes the index of a bucket line by line; what is there stays of use when it is interrupted. */
export interface IndexWriter {
  readonly add: (entry: ObjectEntry) => Promise<void>;
  /** Makes it the index. */
  readonly finish: () => Promise<FileSum>;
  readonly close: () => Promise<void>;
}

export async function openIndex(files: IndexFiles): Promise<IndexWriter> {
  const file: FileHandle = await open(files.next, "w", 0o600);
  const hash = createHash("sha256");
  let bytes = 0;
  return {
    add: async (entry) => {
      const line = lineOf(entry);
      hash.update(line);
      bytes += line.length;
      await file.writeFile(line);
    },
    finish: async () => {
      await file.sync();
      // before the index has its name: afterwards this would be older than it
      await rm(files.known, { force: true });
      await rename(files.next, files.index);
      return { bytes, sha256: hash.digest("hex") };
    },
    close: async () => file.close(),
  };
}
