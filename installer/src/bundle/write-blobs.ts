import type { ImageSource } from "../oci/content.ts";
import type { Failpoint } from "../platform/ports.ts";
import { type OriginatedBlob, openOrigin, originError } from "./blob-origins.ts";
import { blobPath } from "./bundle-layout.ts";
import type { ComposedBundle } from "./compose-bundle.ts";
import { runBounded } from "./run-bounded.ts";
import type { Sink } from "./sink.ts";
import { type BlobTarget, createBlobWriter } from "./write-blob.ts";
import type { WriteJournal } from "./write-journal.ts";

export interface WriteBlobsRequest {
  readonly bundle: ComposedBundle;
  /** Where each blob of the bundle comes from, by digest. */
  readonly origins: ReadonlyMap<string, OriginatedBlob>;
  readonly jobs: number;
  readonly onBytes: (written: number, total: number) => void;
  readonly signal: AbortSignal;
}

export interface Writing {
  readonly sink: Sink;
  readonly journal: WriteJournal;
  readonly failpoint: Failpoint;
  readonly written: ReadonlySet<string>;
}

/**
 * Writes the blobs that are not there yet. Sources that feed do so beside the others, of which so many blobs are open at a time, the largest first.
 */
export async function writeBlobs(request: WriteBlobsRequest, writing: Writing): Promise<void> {
  const { bundle, jobs, signal } = request;
  const progress = createProgress(request, writing.written);
  const offsets = offsetsOf(bundle);
  const wanted = bundle.blobs
    .filter(({ digest }) => !writing.written.has(digest))
    .toSorted((a, b) => b.size - a.size)
    .map(({ digest }) => originOf(request, digest));
  const stop = new AbortController();
  const joined = AbortSignal.any([signal, stop.signal]);
  const place = (blob: OriginatedBlob): BlobTarget => ({
    sink: writing.sink,
    offset: offsets.get(blobPath(blob.descriptor.digest)) ?? 0,
    descriptor: blob.descriptor,
    toError: originError(blob),
    onBytes: progress,
    signal: joined,
  });
  const done = async (blob: OriginatedBlob): Promise<void> => {
    await writing.journal.add(blob.descriptor.digest);
    writing.failpoint("bundle.blob");
  };
  const feeding = new Map<ImageSource, OriginatedBlob[]>();
  const opened: OriginatedBlob[] = [];
  for (const blob of wanted) {
    const source = blob.origin.kind === "source" ? blob.origin.source : undefined;
    if (source?.feed === undefined) opened.push(blob);
    else feeding.set(source, [...(feeding.get(source) ?? []), blob]);
  }
  const guarded = (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => {
      stop.abort();
      throw error;
    });
  const ends = await Promise.allSettled([
    guarded(
      runBounded(
        opened.map((blob) => () => copyBlob(blob, place(blob), joined).then(() => done(blob))),
        jobs,
        joined,
      ),
    ),
    ...[...feeding].map(([source, blobs]) => guarded(feedBlobs({ source, blobs, place, done, signal: joined }))),
  ]);
  signal.throwIfAborted();
  const failed = ends.filter((end) => end.status === "rejected").map((end) => end.reason as Error);
  // The one that stopped the others, not their being stopped.
  const first = failed.find((error) => error.name !== "AbortError") ?? failed[0];
  if (first !== undefined) throw first;
}

interface Feeding {
  readonly source: ImageSource;
  readonly blobs: readonly OriginatedBlob[];
  readonly place: (blob: OriginatedBlob) => BlobTarget;
  readonly done: (blob: OriginatedBlob) => Promise<void>;
  readonly signal: AbortSignal;
}

async function feedBlobs({ source, blobs, place, done, signal }: Feeding): Promise<void> {
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

/** Connections that break in the middle of a blob are taken up again where they broke. */
const attempts = 4;

async function copyBlob(blob: OriginatedBlob, target: BlobTarget, signal: AbortSignal): Promise<void> {
  const writer = createBlobWriter(target);
  const remote = blob.origin.kind === "source" && blob.origin.source.kind === "registry";
  for (let attempt = 1; ; attempt++) {
    const before = writer.received();
    try {
      await writer.take(await openOrigin(blob, before));
      await writer.finish();
      return;
    } catch (error) {
      const broke = remote && writer.received() > before && writer.received() < blob.descriptor.size;
      if (!broke || attempt === attempts || signal.aborted) throw error;
    }
  }
}

function originOf(request: WriteBlobsRequest, digest: string): OriginatedBlob {
  const blob = request.origins.get(digest);
  if (blob === undefined) throw new RangeError(`no origin is known of ${digest}`);
  return blob;
}

/** Where the bytes of each entry stand, by path. */
export function offsetsOf(bundle: ComposedBundle): ReadonlyMap<string, number> {
  return new Map(bundle.layout.entries.map(({ path, offset }) => [path, offset]));
}

function createProgress(request: WriteBlobsRequest, written: ReadonlySet<string>): (bytes: number) => void {
  const total = request.bundle.blobs.reduce((sum, { size }) => sum + size, 0);
  let done = request.bundle.blobs.reduce((sum, { digest, size }) => sum + (written.has(digest) ? size : 0), 0);
  return (bytes) => {
    done += bytes;
    request.onBytes(done, total);
  };
}
