import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { Readable, pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { BundleError, PreflightError, UsageError } from "../../errors/installer-error.ts";
import type { Report } from "../../events/event.ts";
import type { BulkFiles, OpenedFile } from "../../platform/content-ports.ts";
import type { FileSystem } from "../../platform/ports.ts";
import { createZstdUnpackers } from "../unpack-zstd.ts";

export type Packing = "none" | "gzip" | "zstd" | "xz" | "bzip2";

export interface SpoolRequest {
  /** Files that make the archive, in order. */
  readonly paths: readonly string[];
  readonly packing: Packing;
  /** What the files together must have, where that is known: hexadecimal. */
  readonly sha256?: string;
  /** The file to write; removed when it is closed. */
  readonly target: string;
  readonly signal: AbortSignal;
}

export interface SpoolPorts {
  readonly bulk: BulkFiles;
  readonly fs: Pick<FileSystem, "makeDirectory" | "remove" | "freeBytes" | "stat">;
  readonly report: Report;
}

/** How a file is packed, by its first bytes: RFC 1952, RFC 8878, and the formats of xz and bzip2. */
export function packingOf(head: Buffer): Packing {
  if (head.length >= 2 && head.readUInt16BE(0) === 0x1f8b) return "gzip";
  if (head.length >= 4 && head.readUInt32BE(0) === 0x28b52ffd) return "zstd";
  if (head.subarray(0, 6).equals(Buffer.from("fd377a585a00", "hex"))) return "xz";
  return /^BZh[1-9]/.test(head.toString("latin1", 0, 4)) ? "bzip2" : "none";
}

/**
 * Refuses what is packed in a way that is not unpacked here.
 * @throws UsageError saying what unpacks it
 */
export function requireKnownPacking(packing: Packing, path: string): void {
  if (packing !== "xz" && packing !== "bzip2") return;
  const plain = path.replace(/\.(?:xz|bz2)$/, "");
  throw new UsageError(`${path} is packed by ${packing}, which is not unpacked here`, {
    hint: `run ${packing} --decompress --keep ${path}, and name ${plain === path ? "what it writes" : plain}`,
  });
}

/**
 * Unpacks an archive that is packed as a whole, or joins one in parts, to a file of this machine: nothing in it can be
 * found otherwise. The disk is never filled to the last gibibyte, whatever the archive unpacks to.
 * @throws BundleError when it is damaged; PreflightError when the disk cannot hold it
 */
export async function spoolArchive(request: SpoolRequest, ports: SpoolPorts): Promise<OpenedFile> {
  const { paths, target } = request;
  const [first = target] = paths;
  ports.report({
    type: "warning",
    message: `${first} is ${request.packing === "none" ? "in parts" : "packed as a whole"}: it is unpacked to ${target} for the time of this run`,
    hint: "a bundle of slipway, or a plain tar, is read where it is",
  });
  await ports.fs.makeDirectory(dirname(target), 0o700);
  try {
    await writeUnpacked(request, ports);
    const file = await ports.bulk.open(target);
    if (file === undefined) throw new PreflightError(`${target} is gone`, { hint: "another program removed it" });
    return {
      path: target,
      size: file.size,
      read: (start, length) => file.read(start, length),
      stream: (start, end) => file.stream(start, end),
      close: async () => {
        await file.close();
        await ports.fs.remove(target);
      },
    };
  } catch (error) {
    await ports.fs.remove(target);
    throw error;
  }
}

/** Room that is always left. */
const spareBytes = 1024 ** 3;
const writeSize = 1024 * 1024;

async function writeUnpacked(request: SpoolRequest, { bulk, fs }: SpoolPorts): Promise<void> {
  const { paths, packing, sha256, target, signal } = request;
  // Hashed only where it is compared: what is in the archive is checked by its own digests.
  const hash = sha256 === undefined ? undefined : createHash("sha256");
  const refuse = (why: string, cause?: unknown): never => {
    throw new BundleError(`${paths[0] ?? target} ${why}`, { hint: "get it again from where it came", cause });
  };
  const most = Math.max(0, (await fs.freeBytes(dirname(target))) - spareBytes);
  const output = await bulk.create(target, { mode: 0o600 });
  try {
    let position = 0;
    let waiting: Buffer[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      await output.write(position, Buffer.concat(waiting, bytes));
      position += bytes;
      waiting = [];
      bytes = 0;
    };
    for await (const chunk of unpack(
      Readable.from(joined(paths, bulk, (piece) => void hash?.update(piece))),
      packing,
    )) {
      signal.throwIfAborted();
      waiting.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (position + bytes > most) throw tooLarge(target, most);
      if (bytes >= writeSize) await flush();
    }
    await flush();
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "Z_BUF_ERROR") refuse("is damaged: it ends too early", error);
    if (/^(Z_|ZSTD_|ERR_ZSTD|ERR_PADDING)/.test(code)) refuse(`is damaged: it cannot be unpacked (${code})`, error);
    throw error;
  } finally {
    await output.close();
  }
  if (hash !== undefined && hash.digest("hex") !== sha256?.toLowerCase()) {
    refuse("and its parts are damaged: together they have not the SHA-256 that the first part says");
  }
}

function tooLarge(target: string, most: number): PreflightError {
  return new PreflightError(`${target} cannot be written: what is unpacked is more than the ${most} bytes there are`, {
    hint: "make room where the cache is, or unpack it elsewhere and name the folder with --from oci:DIR",
  });
}

async function* joined(
  paths: readonly string[],
  bulk: BulkFiles,
  onBytes: (bytes: Buffer) => void,
): AsyncGenerator<Buffer> {
  for (const path of paths) {
    const file = await bulk.open(path);
    if (file === undefined) {
      throw new BundleError(`the part ${path} is missing`, { hint: "put all parts into one folder" });
    }
    try {
      for await (const chunk of file.stream(0, file.size) as AsyncIterable<Buffer>) {
        onBytes(chunk);
        yield chunk;
      }
    } finally {
      await file.close();
    }
  }
}

function unpack(stream: Readable, packing: Packing): Readable {
  if (packing === "none") return stream;
  if (packing === "gzip") return pipeline(stream, createGunzip(), () => undefined);
  const [cut, decompress] = createZstdUnpackers();
  return pipeline(stream, cut, decompress, () => undefined);
}
