import type { Readable } from "node:stream";
import { join } from "node:path";
import type { ByteRange, FileSpan } from "../../oci/content.ts";
import type { BulkFiles, OpenedFile } from "../../platform/content-ports.ts";

/** Files below a folder, or in an archive, by relative path. */
export interface LayoutFiles {
  /** Undefined when there is none. */
  size(path: string): Promise<number | undefined>;
  /** Up to so many bytes of a file; undefined when there is none. */
  read(path: string, limit: number): Promise<Buffer | undefined>;
  stream(path: string, range?: ByteRange): Promise<Readable | undefined>;
  /** Where a file's bytes lie. */
  locate(path: string): Promise<FileSpan | undefined>;
  close(): Promise<void>;
}

/** The files of a folder; each is opened when it is read. */
export function folderFiles(folder: string, bulk: BulkFiles): LayoutFiles {
  // Images share most of their layers, and each asks. What changed in the meantime shows when it is read.
  const sizes = new Map<string, Promise<number | undefined>>();
  const sizeOf = (path: string): Promise<number | undefined> => {
    const known = sizes.get(path) ?? measure(path);
    sizes.set(path, known);
    return known;
  };
  const measure = async (path: string): Promise<number | undefined> => {
    const file = await bulk.open(join(folder, path));
    await file?.close();
    return file?.size;
  };
  return {
    size: sizeOf,
    async locate(path) {
      const size = await sizeOf(path);
      return size === undefined ? undefined : { path: join(folder, path), start: 0, end: size };
    },
    async read(path, limit) {
      const file = await bulk.open(join(folder, path));
      if (file === undefined) return undefined;
      try {
        return await file.read(0, Math.min(limit, file.size));
      } finally {
        await file.close();
      }
    },
    async stream(path, range) {
      const file = await bulk.open(join(folder, path));
      return file === undefined ? undefined : closing(file, file.stream(range?.start ?? 0, range?.end ?? file.size));
    },
    close: () => Promise.resolve(),
  };
}

/** A stream that closes its file when it ends, however it ends. */
function closing(file: OpenedFile, stream: Readable): Readable {
  stream.once("close", () => void file.close());
  return stream;
}

/** Files that stand in one archive, by offset. */
export function archiveFiles(
  file: OpenedFile,
  entries: ReadonlyMap<string, { readonly offset: number; readonly size: number }>,
): LayoutFiles {
  return {
    size: (path) => Promise.resolve(entries.get(path)?.size),
    locate(path) {
      const entry = entries.get(path);
      if (entry === undefined) return Promise.resolve(undefined);
      return Promise.resolve({ path: file.path, start: entry.offset, end: entry.offset + entry.size });
    },
    async read(path, limit) {
      const entry = entries.get(path);
      return entry === undefined ? undefined : file.read(entry.offset, Math.min(limit, entry.size));
    },
    stream(path, range) {
      const entry = entries.get(path);
      if (entry === undefined) return Promise.resolve(undefined);
      const { start, end } = range ?? { start: 0, end: entry.size };
      return Promise.resolve(file.stream(entry.offset + start, entry.offset + Math.min(end, entry.size)));
    },
    close: () => file.close(),
  };
}
