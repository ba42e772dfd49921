import { UsageError } from "../errors/installer-error.ts";
import { bundlePaths } from "./bundle-manifest.ts";
import type { DeltaBase } from "./assemble-bundle.ts";
import type { OpenedBundle } from "./open-bundle.ts";
import { parseChecksums } from "./parse-checksums.ts";

/**
 * What a delta relative to this bundle may leave out: the blobs of the full bundle, not others that happen to lie in one
 * of the files, so that the delta fits the base however it was brought together.
 * @throws UsageError for a delta without what it builds on
 */
export async function readDeltaBase(base: OpenedBundle): Promise<DeltaBase> {
  const { complete, manifest, root } = base;
  if (complete.content === "delta") {
    throw new UsageError(`${base.file.path} is a delta and does not say what is in its base`, {
      hint: "name with --since the delta first and then the bundles it builds on, down to a full one",
    });
  }
  const path = manifest.content === "delta" ? bundlePaths.fullChecksums : bundlePaths.checksums;
  const checksums = parseChecksums(await base.readFile(path), `${path} of ${base.file.path}`);
  const blobs = [...checksums].flatMap(([entry, digest]) => (entry.startsWith(bundlePaths.blobs) ? [digest] : []));
  return { root, name: complete.name, version: complete.version, blobs: new Set(blobs) };
}
