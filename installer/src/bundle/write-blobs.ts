import type { ImageSource } from "../oci/content.ts";
import type { Hashing } from "../platform/content-ports.ts";
import type { Failpoint } from "../platform/ports.ts";
import { type OriginatedBlob, locateOrigin, originError } from "./blob-origins.ts";
import { blobPath } from "./bundle-layout.ts";
import type { AssembledBundle } from "./assemble-bundle.ts";
import { type Copying, type LocatedBlob, copyLocated, copyOpened, feedBlobs } from "./copy-blobs.ts";
import type { Sink } from "./sink.ts";
import type { WriteJournal } from "./write-journal.ts";

export interface WriteBlobsRequest {
  readonly bundle: AssembledBundle;
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
  readonly hashing: Hashing;
  readonly written: ReadonlySet<string>;
}

/**
 * Writes the blobs that are not there yet: those that lie in files, those of sources that can be opened and of sources
 * that feed side by side, the largest first.
 */
export async function writeBlobs(request: WriteBlobsRequest, writing: Writing): Promise<void> {
  const { bundle, jobs, signal } = request;
  const onBytes = createProgress(request, writing);
  const offsets = offsetsOf(bundle);
  const stop = new AbortController();
  const joined = AbortSignal.any([signal, stop.signal]);
  const copying: Copying = {
    jobs,
    onBytes,
    signal: joined,
    place: (blob) => ({
      sink: writing.sink,
      offset: offsets.get(blobPath(blob.descriptor.digest)) ?? 0,
      descriptor: blob.descriptor,
      toError: originError(blob),
      onBytes,
      signal: joined,
    }),
    done: async (blob) => {
      await writing.journal.add(blob.descriptor.digest);
      await writing.failpoint("bundle.blob");
    },
  };
  const wanted = bundle.blobs
    .filter(({ digest }) => !writing.written.has(digest))
    .toSorted((a, b) => b.size - a.size)
    .map(({ digest }) => originOf(request, digest));
  const { located, opened, fed } = await sortByOrigin(wanted);
  const works = [
    copyLocated(located, writing.sink.files, { ...copying, hashing: writing.hashing }),
    copyOpened(opened, copying),
    ...[...fed].map(([source, blobs]) => feedBlobs(source, blobs, copying)),
  ];
  const ends = await Promise.allSettled(
    works.map((work) =>
      work.catch((error: unknown) => {
        stop.abort();
        throw error;
      }),
    ),
  );
  signal.throwIfAborted();
  const failed = ends.filter((end) => end.status === "rejected").map((end) => end.reason as Error);
  // The one that stopped the others, not their being stopped.
  const first = failed.find((error) => error.name !== "AbortError") ?? failed[0];
  if (first !== undefined) throw first;
}

async function sortByOrigin(blobs: readonly OriginatedBlob[]) {
  const located: LocatedBlob[] = [];
  const opened: OriginatedBlob[] = [];
  const fed = new Map<ImageSource, OriginatedBlob[]>();
  for (const blob of blobs) {
    const spans = await locateOrigin(blob);
    const source = blob.origin.kind === "source" ? blob.origin.source : undefined;
    if (spans !== undefined) located.push({ blob, spans });
    else if (source?.feed === undefined) opened.push(blob);
    else fed.set(source, [...(fed.get(source) ?? []), blob]);
  }
  return { located, opened, fed };
}

function originOf(request: WriteBlobsRequest, digest: string): OriginatedBlob {
  const blob = request.origins.get(digest);
  if (blob === undefined) throw new RangeError(`no origin is known of ${digest}`);
  return blob;
}

/** Where the bytes of each entry stand, by path. */
export function offsetsOf(bundle: AssembledBundle): ReadonlyMap<string, number> {
  return new Map(bundle.layout.entries.map(({ path, offset }) => [path, offset]));
}

/** So many bytes are worth a flush of their own: at the end little is left to wait for. */
const flushEvery = 96 * 1024 * 1024;

function createProgress(request: WriteBlobsRequest, { written, sink }: Writing): (bytes: number) => void {
  let unflushed = 0;
  const total = request.bundle.blobs.reduce((sum, { size }) => sum + size, 0);
  let done = request.bundle.blobs.reduce((sum, { digest, size }) => sum + (written.has(digest) ? size : 0), 0);
  return (bytes) => {
    done += bytes;
    unflushed += bytes;
    if (unflushed >= flushEvery) {
      unflushed = 0;
      sink.flushBehind();
    }
    request.onBytes(done, total);
  };
}
