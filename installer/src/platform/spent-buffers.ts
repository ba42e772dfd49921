/** Buffers that whoever made them has given away for good. */
const givenAway = new WeakSet<Uint8Array>();

/** Marks a buffer as the reader's own, to be thrown away once it was written. */
export function giveAway<Bytes extends Uint8Array>(bytes: Bytes): Bytes {
  givenAway.add(bytes);
  return bytes;
}

/**
 * Gives the memory of a buffer back at once. The collector would let a hundred megabytes of them pile up, because their
 * handles are small.
 */
export function discard(bytes: Uint8Array): void {
  if (!givenAway.delete(bytes) || !(bytes.buffer instanceof ArrayBuffer)) return;
  bytes.buffer.transfer(0);
}
