/** A place in bytes; `end` is not included. */
export interface ByteMatch {
  readonly start: number;
  readonly end: number;
  /** Index of the pattern that stands there; of several that begin there, the longest. */
  readonly pattern: number;
}

/** Finds many fixed byte strings in one pass. */
export interface ByteFinder {
  /** Length of the longest pattern; 0 without patterns. */
  readonly longest: number;
  /** Every place where a pattern stands, in the order of their starts; places may overlap. */
  find(bytes: Uint8Array): readonly ByteMatch[];
}

/** Of three bytes: what a fourth one before them would add is shifted out. */
const hashStep = 5;
const hashSize = 1 << (3 * hashStep);
const hashMask = hashSize - 1;

/**
 * Builds a finder (S. Wu, U. Manber, "A fast algorithm for multi-pattern searching", 1994). The text is looked at through a window as long
 * as the shortest pattern: three bytes at its end tell how far the window may move, mostly as far as it is long.
 * @param patterns each at least three bytes long
 */
export function createByteFinder(patterns: readonly Uint8Array[]): ByteFinder {
  const window = patterns.reduce((least, { length }) => Math.min(least, length), 255);
  const longest = patterns.reduce((most, { length }) => Math.max(most, length), 0);
  if (patterns.length === 0) return { longest, find: () => [] };
  const shifts = new Uint8Array(hashSize).fill(window - 2);
  const heads = new Int32Array(hashSize).fill(-1);
  const next = new Int32Array(patterns.length).fill(-1);
  for (const [index, pattern] of patterns.entries()) {
    for (let end = 3; end <= window; end += 1) {
      const hash = hashAt(pattern, end - 3);
      shifts[hash] = Math.min(shifts[hash] ?? 0, window - end);
    }
    const hash = hashAt(pattern, window - 3);
    next[index] = heads[hash] ?? -1;
    heads[hash] = index;
  }

  /** The longest pattern that stands at this place, of those whose window ends with this hash. */
  const longestAt = (bytes: Uint8Array, start: number, hash: number): number => {
    let best = -1;
    let length = 0;
    for (let index = heads[hash] ?? -1; index >= 0; index = next[index] ?? -1) {
      const pattern = patterns[index];
      if (pattern === undefined || pattern.length <= length || !standsAt(bytes, start, pattern)) continue;
      best = index;
      length = pattern.length;
    }
    return best;
  };

  const find = (bytes: Uint8Array): readonly ByteMatch[] => {
    const matches: ByteMatch[] = [];
    const { length } = bytes;
    for (let end = window; end <= length; ) {
      const hash = hashAt(bytes, end - 3);
      const shift = shifts[hash] ?? 1;
      if (shift === 0) {
        const start = end - window;
        const pattern = longestAt(bytes, start, hash);
        if (pattern >= 0) matches.push({ start, end: start + (patterns[pattern]?.length ?? 0), pattern });
      }
      end += shift === 0 ? 1 : shift;
    }
    return matches;
  };
  /** The same for a window of three bytes, which moves byte by byte: the hash goes with it. */
  const findByteByByte = (bytes: Uint8Array): readonly ByteMatch[] => {
    const matches: ByteMatch[] = [];
    const { length } = bytes;
    let hash = 0;
    for (let at = 0; at < length; at += 1) {
      hash = ((hash << hashStep) ^ (bytes[at] ?? 0)) & hashMask;
      if (shifts[hash] !== 0 || at < 2) continue;
      const start = at - 2;
      const pattern = longestAt(bytes, start, hash);
      if (pattern >= 0) matches.push({ start, end: start + (patterns[pattern]?.length ?? 0), pattern });
    }
    return matches;
  };
  return { longest, find: window === 3 ? findByteByByte : find };
}

function hashAt(bytes: Uint8Array, at: number): number {
  const before = ((bytes[at] ?? 0) << hashStep) ^ (bytes[at + 1] ?? 0);
  return ((before << hashStep) ^ (bytes[at + 2] ?? 0)) & hashMask;
}

function standsAt(bytes: Uint8Array, start: number, pattern: Uint8Array): boolean {
  if (start + pattern.length > bytes.length) return false;
  for (let at = 0; at < pattern.length; at += 1) if (bytes[start + at] !== pattern[at]) return false;
  return true;
}
