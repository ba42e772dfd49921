import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Sink } from "./sink.ts";

/** Smaller chunks are put together before they are written. */
const writeSize = 512 * 1024;

export interface BlobTarget {
  readonly sink: Pick<Sink, "write">;
  /** Of its first byte. */
  readonly offset: number;
  readonly descriptor: Descriptor;
  readonly toError: (problem: string) => Error;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Writes a blob to its place while it is hashed. */
export interface BlobWriter {
  /** Bytes taken so far. */
  received(): number;
  /** Takes what a stream has; may be called again with what follows after it broke. */
  take(stream: Readable): Promise<void>;
  /** Throws unless all bytes came and have the digest. */
  finish(): Promise<void>;
}

/** A writer for one blob. Hashing one chunk overlaps with writing it and reading the next. */
export function createBlobWriter(target: BlobTarget): BlobWriter {
  const { sink, offset, descriptor, toError, onBytes, signal } = target;
  const hash = createHash("sha256");
  let received = 0;
  let written = 0;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let writing: Promise<void> = Promise.resolve();

  async function flush(): Promise<void> {
    if (pendingBytes === 0) return;
    const bytes = pending.length === 1 ? (pending[0] ?? Buffer.alloc(0)) : Buffer.concat(pending, pendingBytes);
    const position = offset + written;
    written += bytes.length;
    pending = [];
    pendingBytes = 0;
    await writing;
    writing = sink.write(position, bytes);
    // A failure is met at the next await; without this it would count as unhandled until then.
    writing.catch(() => undefined);
    hash.update(bytes);
    onBytes(bytes.length);
  }

  return {
    received: () => received,
    async take(stream) {
      try {
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          signal.throwIfAborted();
          received += chunk.length;
          if (received > descriptor.size) throw toError(`is longer than the ${descriptor.size} bytes it should have`);
          pending.push(chunk);
          pendingBytes += chunk.length;
          if (pendingBytes >= writeSize) await flush();
        }
      } finally {
        stream.destroy();
        await flush();
        await writing;
      }
    },
    async finish() {
      await writing;
      if (received !== descriptor.size) throw toError(`ends after ${received} of ${descriptor.size} bytes`);
      const digest = `sha256:${hash.digest("hex")}`;
      if (digest !== descriptor.digest) throw toError(`has the digest ${digest}`);
    },
  };
}
