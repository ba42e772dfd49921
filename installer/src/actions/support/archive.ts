import { createHash } from "node:crypto";
import { once } from "node:events";
import { createGzip } from "node:zlib";
import { formatTarEnd, formatTarHeader, tarPadding } from "../../bundle/tar/tar-header.ts";
import { createRedactingStream, type Redactions } from "../../execute/secrets/redact-stream.ts";
import { createRedactor, type SecretFinder } from "../../execute/secrets/redactor.ts";
import type { WritableFile } from "../../platform/content-ports.ts";
import type { WriteText } from "./collector.ts";
import { keepNewest, type NewestBytes } from "./newest-bytes.ts";

/** A file of a support bundle. */
export interface SupportFile {
  /** Below the folder of the archive. */
  readonly path: string;
  /** Id of the collector that it is from. */
  readonly collector: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** Bytes at its beginning that were left out, because it was longer than is kept. */
  readonly cutBytes: number;
  /** How often something was taken out of it, by kind: `secret` is a known one, the others have the shape of one. */
  readonly redactions: Redactions;
}

export interface NewFile {
  readonly path: string;
  readonly collector: string;
  /** Most bytes that are kept of it. */
  readonly limit: number;
}

/** A support bundle that is being written. */
export interface SupportArchive {
  /**
   * Adds a file without its secrets. What `fill` wrote before it failed is added all the same.
   * @throws what `fill` throws
   */
  add(file: NewFile, fill: (write: WriteText) => Promise<void>): Promise<void>;
  /** Adds a file that holds no secret as it is. */
  addPlain(file: Pick<NewFile, "path" | "collector">, text: string): Promise<void>;
  readonly files: readonly SupportFile[];
  /** Ends the archive; nothing may be added afterwards. */
  end(): Promise<void>;
}

/** Where the bytes of an archive go. */
export interface ArchiveSink {
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/** @param folder that all files of the archive lie in */
export function createSupportArchive(finder: SecretFinder, folder: string, sink: ArchiveSink): SupportArchive {
  const files: SupportFile[] = [];
  const redact = createRedactor(finder);
  const put = async (file: Omit<SupportFile, "bytes" | "sha256" | "cutBytes">, kept: NewestBytes): Promise<void> => {
    const hash = createHash("sha256");
    await sink.write(formatTarHeader({ name: `${folder}/${file.path}`, size: kept.size, mode: 0o600 }));
    for (const part of kept.parts) {
      hash.update(part);
      await sink.write(part);
    }
    await sink.write(Buffer.alloc(tarPadding(kept.size)));
    files.push({ ...file, bytes: kept.size, sha256: hash.digest("hex"), cutBytes: kept.cut });
  };
  return {
    files,
    add: async ({ path, collector, limit }, fill) => {
      const newest = keepNewest(limit);
      const redacting = createRedactingStream(finder, (bytes) => newest.write(bytes));
      try {
        await fill((text) => redacting.push(text));
      } finally {
        redacting.end();
        await put({ path: redact(path), collector, redactions: redacting.redactions() }, newest.take());
      }
    },
    addPlain: async (file, text) => {
      const bytes = Buffer.from(text, "utf8");
      await put({ ...file, redactions: {} }, { parts: [bytes], size: bytes.length, cut: 0 });
    },
    end: async () => {
      await sink.write(formatTarEnd());
      await sink.end();
    },
  };
}

/** Compresses into a file that is open for writing; whoever opened it closes it. */
export function gzipInto(file: WritableFile): ArchiveSink {
  const gzip = createGzip();
  const written = (async () => {
    let position = 0;
    for await (const chunk of gzip as AsyncIterable<Buffer>) {
      await file.write(position, chunk);
      position += chunk.length;
    }
  })();
  // Whoever writes next is told.
  written.catch(() => undefined);
  return {
    write: async (bytes) => {
      // The stream keeps what it is given until it has compressed it.
      if (!gzip.write(Buffer.from(bytes))) await Promise.race([once(gzip, "drain"), written]);
    },
    end: async () => {
      gzip.end();
      await written;
      await file.sync();
    },
  };
}

/** Takes everything and keeps nothing. */
export const nowhere: ArchiveSink = { write: () => Promise.resolve(), end: () => Promise.resolve() };
