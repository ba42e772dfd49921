import { dirname, join } from "node:path";
import { compareKeys } from "../../language/compare-text.ts";
import { digestOf, isDigest } from "../../oci/digest.ts";
import type { FileSystem } from "../../platform/ports.ts";

/**
 * What is known of the engine's images from earlier exports. All of it hangs on digests, so it never goes stale; without
 * the file everything is read once more.
 */
export interface EngineCache {
  readonly sizes: ReadonlyMap<string, number>;
  readonly documents: ReadonlyMap<string, Buffer>;
}

type CacheFiles = Pick<FileSystem, "readTextIfPresent" | "writeAtomic" | "makeDirectory">;

/** Path of the file below the cache folder. */
export function engineCachePath(cacheDir: string): string {
  return join(cacheDir, "layer-sizes.json");
}

/** Reads the cache; a file that is damaged counts as absent. */
export async function readEngineCache(cacheDir: string, fs: CacheFiles): Promise<EngineCache> {
  const text = await fs.readTextIfPresent(engineCachePath(cacheDir));
  const empty = { sizes: new Map<string, number>(), documents: new Map<string, Buffer>() };
  if (text === undefined) return empty;
  try {
    const { sizes, documents } = JSON.parse(text) as { readonly sizes: unknown; readonly documents: unknown };
    const known = entriesOf(sizes).filter(
      (pair): pair is [string, number] => isDigest(pair[0]) && Number.isSafeInteger(pair[1]) && Number(pair[1]) >= 0,
    );
    const whole = entriesOf(documents).flatMap(([digest, document]) => {
      const bytes = Buffer.from(String(document), "base64");
      return digestOf(bytes) === digest ? [[digest, bytes] as const] : [];
    });
    return { sizes: new Map(known), documents: new Map(whole) };
  } catch {
    return empty;
  }
}

/** Replaces the cache by what is known now. */
export async function writeEngineCache(cacheDir: string, cache: EngineCache, fs: CacheFiles): Promise<void> {
  const path = engineCachePath(cacheDir);
  const documents = [...cache.documents].map(([digest, bytes]) => [digest, bytes.toString("base64")] as const);
  const contents = { sizes: sorted([...cache.sizes]), documents: sorted(documents) };
  await fs.makeDirectory(dirname(path), 0o700);
  await fs.writeAtomic(path, `${JSON.stringify(contents)}\n`);
}

function sorted<T>(pairs: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  return Object.fromEntries(pairs.toSorted(compareKeys));
}

function entriesOf(value: unknown): readonly [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}
