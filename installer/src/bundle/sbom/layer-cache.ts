import { join } from "node:path";
import { hexOf } from "../../oci/digest.ts";
import type { FileSystem } from "../../platform/ports.ts";
import type { LayerPackages, SoftwarePackage } from "./packages.ts";

/** Counted up when more is recognised in a layer than before. */
const format = 1;

export type CacheFiles = Pick<FileSystem, "readTextIfPresent" | "writeAtomic" | "makeDirectory">;

/** What earlier runs found in layers: it hangs on their digests, so it never goes stale. A damaged file counts as absent. */
export async function readLayerCache(
  cacheDir: string,
  digest: string,
  fs: CacheFiles,
): Promise<LayerPackages | undefined> {
  const text = await fs.readTextIfPresent(pathOf(cacheDir, digest));
  if (text === undefined) return undefined;
  try {
    const parsed = JSON.parse(text) as { readonly format?: unknown; readonly layer?: unknown };
    return parsed.format === format && isLayer(parsed.layer) ? parsed.layer : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps what was found in a layer. */
export async function writeLayerCache(
  cacheDir: string,
  digest: string,
  layer: LayerPackages,
  fs: CacheFiles,
): Promise<void> {
  await fs.makeDirectory(join(cacheDir, "packages"), 0o700);
  await fs.writeAtomic(pathOf(cacheDir, digest), `${JSON.stringify({ format, layer })}\n`);
}

function pathOf(cacheDir: string, digest: string): string {
  return join(cacheDir, "packages", `${hexOf(digest)}.json`);
}

function isLayer(value: unknown): value is LayerPackages {
  if (typeof value !== "object" || value === null) return false;
  const { files, removed, emptied, distribution } = value as Readonly<Record<string, unknown>>;
  return (
    typeof files === "object" &&
    files !== null &&
    Object.values(files).every((list) => Array.isArray(list) && list.every(isPackage)) &&
    isStrings(removed) &&
    isStrings(emptied) &&
    (distribution === undefined || typeof distribution === "string")
  );
}

function isPackage(value: unknown): value is SoftwarePackage {
  const { type, name, version } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return (
    (type === "deb" || type === "golang" || type === "npm") && typeof name === "string" && typeof version === "string"
  );
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
