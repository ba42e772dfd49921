import { type ByteWindow, createByteWindow } from "./byte-window.ts";
import type { FoundSecret, SecretFinder } from "./redactor.ts";

/** Bytes that are looked at a time. */
const window = 256 * 1024;

/**
 * Looks for secrets in bytes that come in pieces of any size.
 * @param onFound is told of every form of a secret that stands in the bytes, each once; places are counted from the first byte
 */
export function createSecretScan(finder: SecretFinder, onFound: (found: FoundSecret) => void): ByteWindow {
  let before = 0;
  return createByteWindow(window, finder.longest, (bytes, done) => {
    for (const found of finder.find(bytes)) {
      // One that begins later is found whole in the next window.
      if (found.start < done) onFound({ ...found, start: before + found.start, end: before + found.end });
    }
    before += done;
  });
}
