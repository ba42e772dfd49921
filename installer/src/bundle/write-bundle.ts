import { PreflightError } from "../errors/installer-error.ts";
import { digestOf } from "../oci/digest.ts";
import type { BulkFiles, Hashing } from "../platform/content-ports.ts";
import type { Failpoint, FileSystem } from "../platform/ports.ts";
import { blobPath } from "./bundle-layout.ts";
import type { ComposedBundle } from "./compose-bundle.ts";
import { type Sink, openSink, planSinkFiles } from "./sink.ts";
import { type WriteBlobsRequest, offsetsOf, writeBlobs } from "./write-blobs.ts";
import { type WriteJournal, createWriteJournal, findWritten } from "./write-journal.ts";

export interface WriteBundleRequest extends WriteBlobsRequest {
  readonly output: string;
  readonly partSize?: number;
  /** Bytes that are written besides the bundle: parity, for the question whether the disk holds it. */
  readonly extraBytes: number;
}

export interface WriteBundlePorts {
  readonly bulk: BulkFiles;
  readonly hashing: Hashing;
  readonly fs: Pick<
    FileSystem,
    "readTextIfPresent" | "writeAtomic" | "append" | "remove" | "freeBytes" | "stat" | "exists"
  >;
  readonly failpoint: Failpoint;
}

export interface WrittenBundle {
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** Bytes of blobs that an interrupted run had written. */
  readonly resumedBytes: number;
}

/**
 * Writes a bundle in place: every byte goes straight to where it stays, and the files get their names when all are whole.
 * What an interrupted run of the same bundle wrote is kept.
 * @throws PreflightError when the disk cannot hold it; BundleError or RegistryError naming a blob that is not what it should be
 */
export async function writeBundle(request: WriteBundleRequest, ports: WriteBundlePorts): Promise<WrittenBundle> {
  const { bundle, output, partSize } = request;
  const { size } = bundle.layout;
  const target = { output, size, ...(partSize !== undefined && { partSize }) };
  const journal = createWriteJournal(output, digestOf(`${bundle.root} ${size} ${partSize ?? "whole"}`), ports.fs);
  const written = await readWritten(request, journal, ports);
  await checkSpace(request, written !== undefined, ports.fs);
  const sink = await openSink(target, written !== undefined, ports.bulk);
  try {
    await sink.reserve();
    if (written === undefined) await journal.begin();
    await writeSmallParts(bundle, sink);
    await writeBlobs(request, { sink, journal, failpoint: ports.failpoint, written: written ?? new Set() });
    ports.failpoint("bundle.written");
    await sink.publish();
  } finally {
    await sink.close();
  }
  await journal.remove();
  const resumedBytes = bundle.blobs.reduce(
    (sum, blob) => sum + (written?.has(blob.digest) === true ? blob.size : 0),
    0,
  );
  return { files: sink.files.map(({ path, size: bytes }) => ({ path, size: bytes })), resumedBytes };
}

/** Digests of blobs that stand in the files of a run before; undefined when there was none for this bundle. */
async function readWritten(
  request: WriteBundleRequest,
  journal: WriteJournal,
  ports: WriteBundlePorts,
): Promise<ReadonlySet<string> | undefined> {
  const { bundle, output, partSize, signal } = request;
  const said = await journal.read();
  if (said === undefined) return undefined;
  const files = planSinkFiles({ output, size: bundle.layout.size, ...(partSize !== undefined && { partSize }) });
  for (const { partial, size } of files) {
    if ((await ports.fs.stat(partial))?.size !== size) return undefined;
  }
  const offsets = offsetsOf(bundle);
  const blobs = bundle.blobs
    .filter(({ digest }) => said.has(digest))
    .map((blob) => ({ ...blob, offset: offsets.get(blobPath(blob.digest)) ?? 0 }));
  return findWritten(blobs, files, { hashing: ports.hashing, signal });
}

/** Exactly what will be written, against what is free now. */
async function checkSpace(
  { bundle, output, extraBytes }: WriteBundleRequest,
  resumed: boolean,
  fs: WriteBundlePorts["fs"],
): Promise<void> {
  // What a run before had reserved is not free any more; `reserve` counts what of it is really there.
  const needed = extraBytes + (resumed ? 0 : bundle.layout.size);
  const free = await fs.freeBytes(output);
  if (needed <= free) return;
  throw new PreflightError(`${output} needs ${needed} bytes, and ${free} are free there; nothing was written`, {
    hint: `make room for ${needed - free} bytes more, or choose another place with -o`,
  });
}

/** Everything but the blobs' own bytes. What lies between entries stays as the file system makes it: zero. */
async function writeSmallParts(bundle: ComposedBundle, sink: Sink): Promise<void> {
  for (const { path, header, headerOffset, offset } of bundle.layout.entries) {
    const bytes = bundle.files.get(path);
    const together = bytes !== undefined && bytes.length <= 1024 * 1024;
    await sink.write(headerOffset, together ? Buffer.concat([header, bytes]) : header);
    if (bytes !== undefined && !together) await sink.write(offset, bytes);
  }
}
