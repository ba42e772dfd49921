import { Readable } from "node:stream";
import { BundleError } from "../../errors/installer-error.ts";
import { createTarEntries, type TarEntryHeader } from "./tar-entries.ts";
import { tarBlock, tarPadding } from "./tar-header.ts";

/** More entries than this are in no archive of images. */
const entryLimit = 1_000_000;

/**
 * Called for each entry in the order of the archive; what it does not read of the bytes is passed over. The next entry
 * comes when it is done.
 */
export type OnTarEntry = (entry: TarEntryHeader, bytes: Readable) => Promise<void> | void;

/**
 * Reads a tar as it comes, without keeping more than a chunk of it.
 * @param name what the archive is called in messages
 * @throws BundleError when it is damaged or cut short; what `onEntry` throws
 */
export async function readTarStream(stream: Readable, name: string, onEntry: OnTarEntry): Promise<void> {
  const input = createInput(stream, name);
  const entries = createTarEntries();
  let count = 0;
  try {
    for (;;) {
      const step = entries.header(await input.exactly(tarBlock));
      if (step.kind === "end") break;
      if (step.kind === "metadata") {
        entries.metadata(await input.exactly(step.size));
        await input.skip(tarPadding(step.size));
        continue;
      }
      count += 1;
      if (count > entryLimit) throw new BundleError(`${name} has more than ${entryLimit} entries`);
      const unread = await readEntry(step.entry, input, onEntry);
      await input.skip(unread + tarPadding(step.entry.size));
    }
    await input.onlyZeros();
  } finally {
    await input.close();
  }
}

/** Lets the entry be read; resolves with the number of its bytes that were not. */
async function readEntry(entry: TarEntryHeader, input: Input, onEntry: OnTarEntry): Promise<number> {
  let left = entry.size;
  let pulling: Promise<void> = Promise.resolve();
  let failure: unknown;
  const bytes = new Readable({
    highWaterMark: 256 * 1024,
    read() {
      pulling = (async () => {
        if (left === 0) {
          bytes.push(null);
          return;
        }
        const chunk = await input.upTo(left);
        left -= chunk.length;
        bytes.push(chunk);
      })().catch((error: unknown) => {
        failure = error;
        bytes.destroy(error instanceof Error ? error : new Error(String(error)));
      });
    },
  });
  // Whoever reads hears of it as well; nobody need be reading.
  bytes.on("error", () => undefined);
  try {
    await onEntry(entry, bytes);
  } finally {
    bytes.destroy();
    await pulling;
  }
  if (failure !== undefined) throw failure as Error;
  return left;
}

interface Input {
  exactly(count: number): Promise<Buffer>;
  upTo(count: number): Promise<Buffer>;
  skip(count: number): Promise<void>;
  onlyZeros(): Promise<void>;
  close(): Promise<void>;
}

function createInput(stream: Readable, name: string): Input {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let held: Buffer = Buffer.alloc(0);
  const fill = async (): Promise<boolean> => {
    while (held.length === 0) {
      const next = await chunks.next();
      if (next.done === true) return false;
      held = next.value;
    }
    return true;
  };
  const upTo = async (count: number): Promise<Buffer> => {
    if (!(await fill())) throw new BundleError(`${name} is cut short: it ends in the middle of an entry or has no end`);
    const part = held.subarray(0, count);
    held = held.subarray(part.length);
    return part;
  };
  return {
    upTo,
    exactly: async (count) => {
      const parts: Buffer[] = [];
      for (let left = count; left > 0; ) {
        const part = await upTo(left);
        parts.push(part);
        left -= part.length;
      }
      return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    },
    skip: async (count) => {
      for (let left = count; left > 0; ) left -= (await upTo(left)).length;
    },
    onlyZeros: async () => {
      while (await fill()) {
        if (held.some((byte) => byte !== 0)) throw new BundleError(`${name} has something after its end`);
        held = Buffer.alloc(0);
      }
    },
    close: async () => {
      await chunks.return?.();
    },
  };
}
