import type { FoundSecret, SecretFinder } from "./redactor.ts";

/** Looks for secrets in bytes that come in pieces of any size. */
export interface SecretScan {
  push(piece: Uint8Array): void;
  /** Looks at the rest. Nothing may be pushed afterwards. */
  end(): void;
}

/** Bytes that are looked at a time. */
const window = 256 * 1024;

/** @param onFound is told of every form of a secret that stands in the bytes, each once; places are counted from the first byte */
export function createSecretScan(finder: SecretFinder, onFound: (found: FoundSecret) => void): SecretScan {
  const work = Buffer.allocUnsafeSlow(window + finder.longest);
  let filled = 0;
  let before = 0;
  const look = (limit: number): void => {
    for (const found of finder.find(work.subarray(0, filled))) {
      // One that begins later is found whole in the next window.
      if (found.start < limit) onFound({ ...found, start: before + found.start, end: before + found.end });
    }
  };
  return {
    push: (piece) => {
      for (let taken = 0; taken < piece.length; ) {
        const room = Math.min(work.length - filled, piece.length - taken);
        work.set(piece.subarray(taken, taken + room), filled);
        taken += room;
        filled += room;
        if (filled < work.length) break;
        look(window);
        work.copyWithin(0, window);
        filled -= window;
        before += window;
      }
    },
    end: () => look(filled),
  };
}
