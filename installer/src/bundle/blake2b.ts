const mask = (1n << 64n) - 1n;

const initial: readonly bigint[] = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
];

const sigma: readonly (readonly number[])[] = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/** Which words a half round mixes: columns, then diagonals. */
const lanes: readonly (readonly [number, number, number, number])[] = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
];

/**
 * BLAKE2b with 32 bytes of output and no key (RFC 7693), which `node:crypto` does not offer. Slow: for the hundred bytes
 * of a key file.
 */
export function blake2b256(message: Uint8Array): Buffer {
  const state = initial.map((word, index) => (index === 0 ? word ^ 0x01010020n : word));
  const blocks = Math.max(1, Math.ceil(message.length / 128));
  for (let index = 0; index < blocks; index++) {
    const block = Buffer.alloc(128);
    block.set(message.subarray(index * 128, (index + 1) * 128));
    const last = index === blocks - 1;
    compress(state, block, { seen: BigInt(last ? message.length : (index + 1) * 128), last });
  }
  const digest = Buffer.alloc(32);
  for (let index = 0; index < 4; index++) digest.writeBigUInt64LE(state[index] ?? 0n, index * 8);
  return digest;
}

function compress(state: bigint[], block: Buffer, at: { readonly seen: bigint; readonly last: boolean }): void {
  const words = Array.from({ length: 16 }, (_, index) => block.readBigUInt64LE(index * 8));
  const v = [...state, ...initial];
  v[12] = get(v, 12) ^ at.seen;
  if (at.last) v[14] = get(v, 14) ^ mask;
  for (let round = 0; round < 12; round++) {
    const order = sigma[round % 10] ?? [];
    for (const [index, lane] of lanes.entries()) {
      mix(v, lane, get(words, order[index * 2] ?? 0), get(words, order[index * 2 + 1] ?? 0));
    }
  }
  for (let index = 0; index < 8; index++) state[index] = get(state, index) ^ get(v, index) ^ get(v, index + 8);
}

function mix(v: bigint[], [a, b, c, d]: readonly [number, number, number, number], x: bigint, y: bigint): void {
  v[a] = (get(v, a) + get(v, b) + x) & mask;
  v[d] = rotate(get(v, d) ^ get(v, a), 32n);
  v[c] = (get(v, c) + get(v, d)) & mask;
  v[b] = rotate(get(v, b) ^ get(v, c), 24n);
  v[a] = (get(v, a) + get(v, b) + y) & mask;
  v[d] = rotate(get(v, d) ^ get(v, a), 16n);
  v[c] = (get(v, c) + get(v, d)) & mask;
  v[b] = rotate(get(v, b) ^ get(v, c), 63n);
}

function rotate(word: bigint, by: bigint): bigint {
  return ((word >> by) | (word << (64n - by))) & mask;
}

function get(words: readonly bigint[], index: number): bigint {
  return words[index] ?? 0n;
}
