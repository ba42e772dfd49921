import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { BundleError, PreflightError } from "../../errors/installer-error.ts";
import type { Content, ImageSource } from "../../oci/content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { hexOf, verifyContent } from "../../oci/digest.ts";
import type { BulkFiles } from "../../platform/content-ports.ts";
import type { FileSystem } from "../../platform/ports.ts";

export interface SpoolPorts {
  readonly bulkFiles: BulkFiles;
  readonly fs: Pick<FileSystem, "stat" | "freeBytes" | "makeDirectory" | "remove">;
  readonly signal: AbortSignal;
}

/** Blobs of a source in the cache. */
export interface Spool {
  readonly content: Content;
  /** Removes what was brought there; what an interrupted run brought there stays for the next. */
  release(): Promise<void>;
}

/** Room that is left on the cache's disk for others. */
const spareBytes = 256 * 1024 * 1024;

/**
 * Takes blobs out of a source that hands them over in its own order, into the cache: a registry wants them in another one
 * and some of them twice. What is in the cache already is not taken again.
 * @throws PreflightError when the disk cannot hold them; BundleError naming a blob that is not what its digest says
 */
export async function spoolBlobs(
  source: ImageSource,
  wanted: readonly Descriptor[],
  cacheDir: string,
  ports: SpoolPorts,
): Promise<Spool> {
  const { bulkFiles, fs, signal } = ports;
  const folder = join(cacheDir, "blobs", "sha256");
  const pathOf = (digest: string): string => join(folder, hexOf(digest));
  const missing: Descriptor[] = [];
  for (const descriptor of wanted) {
    if (!(await isKept(descriptor, pathOf(descriptor.digest), ports))) missing.push(descriptor);
  }
  await requireSpace(missing, folder, source, fs);
  if (missing.length > 0) {
    await fs.makeDirectory(folder, 0o700);
    await source.feed?.(
      missing,
      (descriptor, bytes) => keep(descriptor, bytes, pathOf(descriptor.digest), ports),
      signal,
    );
  }
  const open: Content["open"] = async (descriptor, range) => {
    const file = await bulkFiles.open(pathOf(descriptor.digest));
    if (file === undefined) return source.content.open(descriptor, range);
    const stream = file.stream(range?.start ?? 0, range?.end ?? file.size);
    stream.once("close", () => void file.close());
    return stream;
  };
  return {
    content: { open },
    release: async () => {
      for (const { digest } of wanted) await fs.remove(pathOf(digest));
    },
  };
}

/** Two runs that wrote at the same time, or a disk, may have spoilt what lies there since; it would be refused each time. */
async function isKept(descriptor: Descriptor, path: string, { bulkFiles, fs, signal }: SpoolPorts): Promise<boolean> {
  if ((await fs.stat(path))?.size !== descriptor.size) return false;
  const file = await bulkFiles.open(path);
  if (file === undefined) return false;
  const hash = createHash("sha256");
  try {
    for await (const chunk of file.stream(0, file.size) as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      hash.update(chunk);
    }
  } finally {
    await file.close();
  }
  return hash.digest("hex") === hexOf(descriptor.digest);
}

async function requireSpace(
  missing: readonly Descriptor[],
  folder: string,
  source: ImageSource,
  fs: SpoolPorts["fs"],
): Promise<void> {
  const needed = missing.reduce((sum, { size }) => sum + size, 0);
  const free = needed === 0 ? 0 : await fs.freeBytes(folder);
  if (needed === 0 || free >= needed + spareBytes) return;
  throw new PreflightError(
    `${folder} has ${free} bytes free, and the layers of ${source.name} need ${needed} there before they can be pushed`,
    { hint: "free space, set XDG_CACHE_HOME to a larger disk, or push from a bundle, which needs no space" },
  );
}

async function keep(descriptor: Descriptor, bytes: Readable, path: string, ports: SpoolPorts): Promise<void> {
  const temporary = `${path}.part`;
  const file = await ports.bulkFiles.create(temporary, { mode: 0o600 });
  const verified = bytes.pipe(
    verifyContent(descriptor, (problem) => new BundleError(`blob ${descriptor.digest} ${problem}`)),
  );
  bytes.once("error", (error) => verified.destroy(error));
  try {
    let position = 0;
    for await (const chunk of verified as AsyncIterable<Buffer>) {
      await file.write(position, chunk);
      position += chunk.length;
    }
    await file.close();
    await ports.bulkFiles.rename(temporary, path);
  } catch (error) {
    await file.close();
    await ports.fs.remove(temporary);
    throw error;
  }
}
