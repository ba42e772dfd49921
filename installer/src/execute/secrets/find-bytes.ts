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

const hashBits = 16;

/**
 * Builds a finder (S. Wu, U. Manber, "A fast algorithm for multi-pattern searching", 1994). The text is looked at through a window as long
 * as the shortest pattern: three bytes at its end tell how far the window may move, mostly as far as it is long.
 * @param patterns each at least three bytes long
 */
export function createByteFinder(patterns: readonly Uint8Array[]): ByteFinder {
  const window = patterns.reduce((least, { length }) => Math.min(least, length), 255);
  const longest = patterns.reduce((most, { length }) => Math.max(most, length), 0);
  if (patterns.length === 0) return { longest, find: () => [] };
  const shifts = new Uint8Array(1 << hashBits).fill(window - 2);
  const heads = new Int32Array(1 << hashBits).fill(-1);
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

  return {
    longest,
    find: (bytes) => {
      const matches: ByteMatch[] = [];
      const last = bytes.length - 3;
      for (let at = window - 3; at <= last; ) {
        const hash = hashAt(bytes, at);
        const shift = shifts[hash] ?? 1;
        if (shift > 0) {
          at += shift;
          continue;
        }
        const start = at + 3 - window;
        const pattern = longestAt(bytes, start, hash);
        if (pattern >= 0) matches.push({ start, end: start + (patterns[pattern]?.length ?? 0), pattern });
        at += 1;
      }
      return matches;
    },
  };
}

function hashAt(bytes: Uint8Array, at: number): number {
  const mixed = ((bytes[at] ?? 0) << 10) ^ ((bytes[at + 1] ?? 0) << 5) ^ (bytes[at + 2] ?? 0);
  return mixed & ((1 << hashBits) - 1);
}

function standsAt(bytes: Uint8Array, start: number, pattern: Uint8Array): boolean {
  if (start + pattern.length > bytes.length) return false;
  for (let at = 0; at < pattern.length; at += 1) if (bytes[start + at] !== pattern[at]) return false;
  return true;
}
