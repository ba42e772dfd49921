import { Readable } from "node:stream";
import type { FileSpan, ImageSource } from "../oci/content.ts";
import type { Hashing, HashTask } from "../platform/content-ports.ts";
import { type OriginatedBlob, openOrigin, originError } from "./blob-origins.ts";
import { runBounded } from "./run-bounded.ts";
import { type SinkFile, spansOf } from "./sink.ts";
import { type BlobTarget, createBlobWriter } from "./write-blob.ts";

/** What blobs of every kind of source are written with. */
export interface Copying {
  readonly place: (blob: OriginatedBlob) => BlobTarget;
  readonly done: (blob: OriginatedBlob) => Promise<void>;
  readonly onBytes: (bytes: number) => void;
  readonly jobs: number;
  readonly signal: AbortSignal;
}

/** So many bytes go to the threads together; after each lot the journal knows more. */
const lotBytes = 2 * 1024 ** 3;

export interface LocatedBlob {
  readonly blob: OriginatedBlob;
  readonly spans: readonly FileSpan[];
}

/** Blobs that lie in files are copied in threads, hashed on the way. */
export async function copyLocated(
  blobs: readonly LocatedBlob[],
  files: readonly SinkFile[],
  copying: Copying & { readonly hashing: Hashing },
): Promise<void> {
  for (const lot of lotsOf(blobs)) {
    const tasks = lot.map(({ blob, spans }): HashTask => {
      const length = spans.reduce((sum, { start, end }) => sum + end - start, 0);
      const { size } = blob.descriptor;
      if (length !== size) throw originError(blob)(`has ${length} bytes and should have ${size}`);
      const [first = { path: files[0]?.partial ?? "", start: 0, end: 0 }, ...then] = spans;
      const copyTo = spansOf(files, copying.place(blob).offset, size);
      return { ...first, copyTo, ...(then.length > 0 && { then }) };
    });
    const digests = await copying.hashing.sha256(tasks, copying.onBytes, copying.signal);
    for (const [at, { blob }] of lot.entries()) {
      const digest = digests[at] ?? "";
      if (digest !== blob.descriptor.digest) throw originError(blob)(`has the digest ${digest}`);
      await copying.done(blob);
    }
  }
}

function lotsOf(blobs: readonly LocatedBlob[]): readonly (readonly LocatedBlob[])[] {
  const lots: LocatedBlob[][] = [];
  let bytes = Infinity;
  for (const located of blobs) {
    bytes += located.blob.descriptor.size;
    if (bytes > lotBytes) {
      lots.push([]);
      bytes = located.blob.descriptor.size;
    }
    lots.at(-1)?.push(located);
  }
  return lots;
}

/** Blobs of sources that can be opened in any order, and those in memory. */
export function copyOpened(blobs: readonly OriginatedBlob[], copying: Copying): Promise<void> {
  const { place, done, jobs, signal } = copying;
  const tasks = blobs.map((blob) => async () => {
    await copyBlob(blob, place(blob), signal);
    await done(blob);
  });
  return runBounded(tasks, jobs, signal);
}

/** Connections that break in the middle of a blob are taken up again where they broke. */
const attempts = 4;

async function copyBlob(blob: OriginatedBlob, target: BlobTarget, signal: AbortSignal): Promise<void> {
  const { origin, descriptor } = blob;
  const writer = createBlobWriter(target);
  if (origin.kind !== "source") {
    if (origin.kind === "bytes") await writer.take(Readable.from([Buffer.from(origin.bytes)]));
    await writer.finish();
    return;
  }
  for (let attempt = 1; ; attempt++) {
    const before = writer.received();
    try {
      await writer.take(await openOrigin(origin.source, descriptor, before));
      break;
    } catch (error) {
      const came = writer.received();
      const broke = origin.source.kind === "registry" && came > before && came < descriptor.size;
      if (!broke || attempt === attempts || signal.aborted) throw error;
    }
  }
  await writer.finish();
}

/** Blobs of a source that hands them over in its own order. */
export async function feedBlobs(
  source: ImageSource,
  blobs: readonly OriginatedBlob[],
  { place, done, signal }: Copying,
): Promise<void> {
  const missing = new Map(blobs.map((blob) => [blob.descriptor.digest, blob]));
  await source.feed?.(
    blobs.map(({ descriptor }) => descriptor),
    async ({ digest }, stream) => {
      const blob = missing.get(digest);
      if (blob === undefined) {
        stream.resume();
        return;
      }
      const writer = createBlobWriter(place(blob));
      await writer.take(stream);
      await writer.finish();
      missing.delete(digest);
      await done(blob);
    },
    signal,
  );
  const [left] = missing.values();
  if (left !== undefined) throw originError(left)("was not handed over");
}
