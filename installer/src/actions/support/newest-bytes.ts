const blockSize = 64 * 1024;

/** What is left of bytes of which only the newest were kept. */
export interface NewestBytes {
  readonly parts: readonly Uint8Array[];
  readonly size: number;
  /** Bytes before them that were let go. */
  readonly cut: number;
}

/** Keeps the newest bytes of what is written, in memory that does not grow beyond the limit and one block. */
export interface NewestKept {
  write(bytes: Uint8Array): void;
  /** Where something was let go they begin with a whole line. */
  take(): NewestBytes;
}

/** @param limit most bytes that are kept */
export function keepNewest(limit: number): NewestKept {
  const full: Buffer[] = [];
  let block: Buffer = Buffer.allocUnsafeSlow(blockSize);
  let filled = 0;
  let cut = 0;
  const nextBlock = (): void => {
    full.push(block);
    // What is not needed any more is written over, so that no garbage comes of it.
    const oldest = full.length * blockSize > limit ? full.shift() : undefined;
    if (oldest !== undefined) cut += blockSize;
    block = oldest ?? Buffer.allocUnsafeSlow(blockSize);
    filled = 0;
  };
  return {
    write: (bytes) => {
      for (let taken = 0; taken < bytes.length; ) {
        const room = Math.min(blockSize - filled, bytes.length - taken);
        block.set(bytes.subarray(taken, taken + room), filled);
        taken += room;
        filled += room;
        if (filled === blockSize) nextBlock();
      }
    },
    take: () => {
      const parts = [...full, block.subarray(0, filled)];
      const size = full.length * blockSize + filled;
      return cut === 0 && size <= limit ? { parts, size, cut } : fromWholeLine(parts, Math.max(0, size - limit), cut);
    },
  };
}

/** Drops bytes from the front, and what is left of their line; a line that does not end is kept. */
function fromWholeLine(parts: readonly Buffer[], drop: number, cutBefore: number): NewestBytes {
  const kept: Buffer[] = [];
  let left = drop;
  for (const part of parts) {
    if (part.length > left) kept.push(part.subarray(left));
    left = Math.max(0, left - part.length);
  }
  const [first = Buffer.alloc(0), ...rest] = kept;
  const lines = first.subarray(first.indexOf("\n") + 1);
  const whole = [lines, ...rest];
  return {
    parts: whole,
    size: whole.reduce((sum, { length }) => sum + length, 0),
    cut: cutBefore + drop + first.length - lines.length,
  };
}
