/** Gathers bytes that come in pieces of any size, to be looked at so many at a time. */
export interface ByteWindow {
  push(piece: Uint8Array | string): void;
  /** Has the rest looked at. Nothing may be pushed afterwards. */
  end(): void;
}

/**
 * @param size bytes that are done with at a time
 * @param overlap bytes behind them that are seen too, and once more with what follows: what begins among the first may reach into these
 * @param look is given what is seen and how many of it are done with afterwards; the bytes are its own only until it returns
 */
export function createByteWindow(
  size: number,
  overlap: number,
  look: (bytes: Buffer, done: number) => void,
): ByteWindow {
  const work = Buffer.allocUnsafeSlow(size + overlap);
  let filled = 0;
  const take = (piece: Uint8Array): void => {
    for (let taken = 0; taken < piece.length; ) {
      const room = Math.min(work.length - filled, piece.length - taken);
      work.set(piece.subarray(taken, taken + room), filled);
      taken += room;
      filled += room;
      if (filled < work.length) break;
      look(work, size);
      work.copyWithin(0, size);
      filled = overlap;
    }
  };
  return {
    push: (piece) => {
      if (typeof piece !== "string") take(piece);
      // A line mostly fits, and is written to its place at once. A character has three bytes at most.
      else if (piece.length * 3 < work.length - filled) filled += work.write(piece, filled, "utf8");
      else take(Buffer.from(piece, "utf8"));
    },
    end: () => look(work.subarray(0, filled), filled),
  };
}
