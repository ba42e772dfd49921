import { appendFile, readFile } from "node:fs/promises";
import { isMissing, writeWhole } from "../folder-files.ts";
import type { LfsPointer } from "./lfs-pointer.ts";

/** A line of the file: what was found in a bundle. */
interface CachedBundle {
  /** Goes up when other files count as pointers, or the line has another form. */
  readonly rule: 1;
  /** SHA-256 of the bundle. */
  readonly bundle: string;
  readonly pointers: readonly LfsPointer[];
}

/** Remembers the pointers of bundles, which are the same as long as the bundle is. */
export interface PointerCache {
  readonly get: (bundle: string) => readonly LfsPointer[] | undefined;
  readonly add: (bundle: string, pointers: readonly LfsPointer[]) => Promise<void>;
  /** Forgets the bundles that were neither asked for nor added. */
  readonly tidy: () => Promise<void>;
}

/** Opens a file of which nothing is lost if it is gone. */
export async function openPointerCache(path: string): Promise<PointerCache> {
  const known = new Map((await readLines(path)).map((line) => [line.bundle, line.pointers]));
  const used = new Map<string, readonly LfsPointer[]>();
  const lineOf = (bundle: string, pointers: readonly LfsPointer[]): string =>
    `${JSON.stringify({ rule: 1, bundle, pointers } satisfies CachedBundle)}\n`;
  return {
    get: (bundle) => {
      const pointers = known.get(bundle);
      if (pointers !== undefined) used.set(bundle, pointers);
      return pointers;
    },
    add: async (bundle, pointers) => {
      used.set(bundle, pointers);
      await appendFile(path, lineOf(bundle, pointers), { mode: 0o600 });
    },
    tidy: async () => {
      await writeWhole(path, [...used].map(([bundle, pointers]) => lineOf(bundle, pointers)).join(""));
    },
  };
}

async function readLines(path: string): Promise<readonly CachedBundle[]> {
  try {
    return (await readFile(path, "utf8")).split("\n").flatMap(parseLine);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The last line may be torn, and a line of another version says nothing. */
function parseLine(line: string): readonly CachedBundle[] {
  try {
    const found = JSON.parse(line) as CachedBundle;
    return (found.rule as number) === 1 ? [found] : [];
  } catch {
    return [];
  }
}
