import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Sink } from "./sink.ts";

/** Bytes written at a time. Writes of a megabyte take ext4 four times as long. */
const writeSize = 128 * 1024;

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

/**
 * A writer for one blob. Hashing one buffer overlaps with writing it and reading the next. Two buffers are filled in
 * turn: a network's small chunks would else become as much garbage as the blob is long.
 */
export function createBlobWriter(target: BlobTarget): BlobWriter {
  const { sink, offset, descriptor, toError, onBytes, signal } = target;
  const hash = createHash("sha256");
  const length = Math.max(1, Math.min(writeSize, descriptor.size));
  const buffers: readonly { readonly bytes: Buffer; free: Promise<void> }[] = [0, 1].map(() => ({
    bytes: Buffer.allocUnsafeSlow(length),
    free: Promise.resolve(),
  }));
  let received = 0;
  let written = 0;
  let filled = 0;
  let turn = 0;

  async function flush(): Promise<void> {
    const buffer = buffers[turn % 2];
    if (filled === 0 || buffer === undefined) return;
    const bytes = buffer.bytes.subarray(0, filled);
    buffer.free = sink.write(offset + written, bytes);
    // A failure is met when the buffer is used again; without this it would count as unhandled until then.
    buffer.free.catch(() => undefined);
    written += filled;
    filled = 0;
    turn += 1;
    hash.update(bytes);
    onBytes(bytes.length);
    await buffers[turn % 2]?.free;
  }

  async function add(chunk: Buffer): Promise<void> {
    for (let from = 0; from < chunk.length; ) {
      const count = chunk.copy(buffers[turn % 2]?.bytes ?? chunk, filled, from);
      from += count;
      filled += count;
      if (filled === length) await flush();
    }
  }

  async function settle(): Promise<void> {
    await flush();
    for (const { free } of buffers) await free;
  }

  return {
    received: () => received,
    async take(stream) {
      try {
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          signal.throwIfAborted();
          if (received + chunk.length > descriptor.size) {
            throw toError(`is longer than the ${descriptor.size} bytes it should have`);
          }
          received += chunk.length;
          await add(chunk);
        }
      } finally {
        stream.destroy();
        await settle();
      }
    },
    async finish() {
      await settle();
      if (received !== descriptor.size) throw toError(`ends after ${received} of ${descriptor.size} bytes`);
      const digest = `sha256:${hash.digest("hex")}`;
      if (digest !== descriptor.digest) throw toError(`has the digest ${digest}`);
    },
  };
}
