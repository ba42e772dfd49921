import { basename, dirname, join } from "node:path";
import { PreflightError, UsageError } from "../errors/installer-error.ts";
import { digestOf } from "../oci/digest.ts";
import type { BulkFiles, Hashing } from "../platform/content-ports.ts";
import type { Failpoint, FileSystem } from "../platform/ports.ts";
import { blobPath } from "./bundle-layout.ts";
import type { AssembledBundle, Sign } from "./assemble-bundle.ts";
import { hashFiles, writeSplitHeader } from "./finish-parts.ts";
import { checkShards, writeParity } from "./parity.ts";
import { type Sink, type SinkRequest, openSink, planSinkFiles } from "./sink.ts";
import type { SplitHeader } from "./split-header.ts";
import { formatTarEnd, tarPadding } from "./tar/tar-header.ts";
import { type WriteBlobsRequest, offsetsOf, writeBlobs } from "./write-blobs.ts";
import { type WriteJournal, createWriteJournal, findWritten } from "./write-journal.ts";

export interface WriteBundleRequest extends WriteBlobsRequest {
  readonly output: string;
  /** Absent: one file. */
  readonly split?: SplitInto;
}

export interface SplitInto {
  readonly partSize: number;
  /** How many lost parts shall be rebuildable. */
  readonly parity?: number;
  /** Of the header; absent: not signed. */
  readonly sign?: Sign;
  /** Bytes of parts that parity was made over, as they come. */
  readonly onParity?: (done: number, total: number) => void;
}

export interface WriteBundlePorts {
  readonly bulk: BulkFiles;
  readonly hashing: Hashing;
  readonly fs: Pick<FileSystem, "readTextIfPresent" | "writeAtomic" | "append" | "remove" | "freeBytes" | "stat">;
  readonly failpoint: Failpoint;
}

export interface WrittenBundle {
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** Bytes of blobs that an interrupted run had written. */
  readonly resumedBytes: number;
}

/** Three digits number them. */
const mostFiles = 999;

/**
 * Writes a bundle in place: every byte goes straight to where it stays, and the files get their names when all are whole.
 * What an interrupted run of the same bundle wrote is kept.
 * @throws PreflightError when the disk cannot hold it; BundleError or RegistryError naming a blob that is not what it should be
 */
export async function writeBundle(request: WriteBundleRequest, ports: WriteBundlePorts): Promise<WrittenBundle> {
  const { bundle, split } = request;
  const target = toSinkRequest(request);
  const count = planSinkFiles(target).length;
  if (count > mostFiles) {
    throw new UsageError(`the bundle would be ${count} parts, and ${mostFiles} is the most`, {
      hint: `give a larger --split; the bundle has ${bundle.layout.size} bytes`,
    });
  }
  if (split?.parity !== undefined) checkShards(count, split.parity);
  const identity = digestOf(`${bundle.root} ${bundle.layout.size} ${split?.partSize ?? "whole"}`);
  const journal = createWriteJournal(request.output, identity, ports.fs);
  const written = await readWritten(request, journal, ports);
  if (written === undefined) await checkSpace(request, ports.fs);
  const sink = await openSink(target, written !== undefined, ports.bulk);
  try {
    await sink.reserve();
    if (written === undefined) await journal.begin();
    const blobs = writeBlobs(request, { ...ports, sink, journal, written: written ?? new Set() });
    // Both have ended before the files are closed, however they end.
    const ends = await Promise.allSettled([blobs, writeSmallParts(bundle, sink)]);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    await ports.failpoint("bundle.written");
    const besides = await publish(request, sink, ports);
    await journal.remove();
    const files = [...sink.files.map(({ path, size }) => ({ path, size })), ...besides];
    return { files, resumedBytes: resumedBytes(bundle, written) };
  } finally {
    await sink.close();
    // On a disk that fails this may fail too; what failed first is what is said.
    if (sink.lost()) await journal.remove().catch(() => undefined);
  }
}

function toSinkRequest({ bundle, output, split }: WriteBundleRequest): SinkRequest {
  return { output, size: bundle.layout.size, ...(split !== undefined && { partSize: split.partSize }) };
}

/** Gives the files their names; of a split bundle the header comes last. */
async function publish(
  request: WriteBundleRequest,
  sink: Sink,
  ports: WriteBundlePorts,
): Promise<WrittenBundle["files"]> {
  const { split, output, bundle, signal } = request;
  if (split === undefined) {
    await sink.publish();
    return [];
  }
  const parts = await hashFiles(sink.files, { hashing: ports.hashing, signal });
  const parity = await makeParity(request, split, sink, ports.bulk);
  await sink.publish();
  const header = { parts, ...(parity !== undefined && { parity }) };
  const besides = await writeSplitHeader({ output, size: bundle.layout.size, ...split }, header, ports.fs);
  const made = parity?.parts.map(({ file, size }) => ({ path: join(dirname(output), file), size })) ?? [];
  return [...made, ...besides];
}

async function makeParity(
  { output, signal }: WriteBundleRequest,
  { partSize, parity: count, onParity }: SplitInto,
  sink: Sink,
  bulk: BulkFiles,
): Promise<SplitHeader["parity"]> {
  if (count === undefined) return undefined;
  const parts = sink.files.map(({ partial, size }) => ({ path: partial, size }));
  const folder = dirname(output);
  const total = parts.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const onBytes = (bytes: number): void => onParity?.((done += bytes), total);
  const made = await writeParity({ name: basename(output), folder, parts, partSize, count, onBytes, signal }, bulk);
  return { count, parts: made };
}

function resumedBytes(bundle: AssembledBundle, written: ReadonlySet<string> | undefined): number {
  return bundle.blobs.reduce((sum, { digest, size }) => sum + (written?.has(digest) === true ? size : 0), 0);
}

/** Digests of blobs that stand in the files of a run before; undefined when there was none for this bundle. */
async function readWritten(
  request: WriteBundleRequest,
  journal: WriteJournal,
  ports: WriteBundlePorts,
): Promise<ReadonlySet<string> | undefined> {
  const { bundle, signal } = request;
  const said = await journal.read();
  if (said === undefined) return undefined;
  const files = planSinkFiles(toSinkRequest(request));
  for (const { partial, size } of files) {
    if ((await ports.fs.stat(partial))?.size !== size) return undefined;
  }
  const offsets = offsetsOf(bundle);
  const blobs = bundle.blobs
    .filter(({ digest }) => said.has(digest))
    .map((blob) => ({ ...blob, offset: offsets.get(blobPath(blob.digest)) ?? 0 }));
  return findWritten(blobs, files, { hashing: ports.hashing, signal });
}

/** Exactly what will be written, against what is free now. What a run before had written is counted by `reserve`. */
async function checkSpace(request: WriteBundleRequest, fs: WriteBundlePorts["fs"]): Promise<void> {
  const { bundle, output, split } = request;
  const needed = bundle.layout.size + (split?.parity ?? 0) * (split?.partSize ?? 0);
  let free = await fs.freeBytes(output);
  // What was left of another bundle is written over.
  for (const { partial } of planSinkFiles(toSinkRequest(request))) free += (await fs.stat(partial))?.size ?? 0;
  if (needed <= free) return;
  throw new PreflightError(`${output} needs ${needed} bytes, and ${free} are free there; nothing was written`, {
    hint: `make room for ${needed - free} bytes more, or choose another place with -o`,
  });
}

/** Everything but the blobs' own bytes: headers, small files, what fills the blocks, the end. */
async function writeSmallParts(bundle: AssembledBundle, sink: Sink): Promise<void> {
  let filling = 0;
  for (const { path, header, headerOffset, offset, size } of bundle.layout.entries) {
    const bytes = bundle.files.get(path);
    const together = bytes !== undefined && bytes.length <= 1024 * 1024;
    const blocks = [Buffer.alloc(filling), header, ...(together ? [bytes] : [])];
    await sink.write(headerOffset - filling, Buffer.concat(blocks));
    if (bytes !== undefined && !together) await sink.write(offset, bytes);
    filling = tarPadding(size);
  }
  const end = Buffer.concat([Buffer.alloc(filling), formatTarEnd()]);
  await sink.write(bundle.layout.size - end.length, end);
}
