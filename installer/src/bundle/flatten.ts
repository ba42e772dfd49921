import { BundleError, UsageError } from "../errors/installer-error.ts";
import type { OriginatedBlob } from "./blob-origins.ts";
import { blobPath, layOutBundle } from "./bundle-layout.ts";
import { bundlePaths } from "./bundle-manifest.ts";
import type { Blob, AssembledBundle } from "./assemble-bundle.ts";
import type { OpenedBundle } from "./open-bundle.ts";
import { parseChecksums } from "./parse-checksums.ts";

export interface FlattenedBundle {
  readonly bundle: AssembledBundle;
  readonly origins: ReadonlyMap<string, OriginatedBlob>;
}

/**
 * The full bundle that a delta and its bases make: the files that the delta carries, the root document and signature of
 * the full bundle as its maker wrote them, each blob from wherever it lies.
 * @throws UsageError for a bundle that is full already; BundleError when something is in none of the files
 */
export async function flattenBundles(delta: OpenedBundle): Promise<FlattenedBundle> {
  if (delta.manifest.content !== "delta") {
    throw new UsageError(`${delta.file.path} is a full bundle already`, {
      hint: "flatten takes a delta and its bases",
    });
  }
  if (delta.basis === undefined) {
    const { base } = delta.manifest;
    throw new UsageError(`${delta.file.path} is a delta, and what it builds on is not given`, {
      hint: `name ${base?.name ?? "its base"} ${base?.version ?? ""} after it`,
    });
  }
  const checksums = await delta.readFile(bundlePaths.fullChecksums);
  const listed = parseChecksums(checksums, `${bundlePaths.fullChecksums} of ${delta.file.path}`);
  const files = new Map<string, Uint8Array>([
    [bundlePaths.manifest, await delta.readFile(bundlePaths.fullManifest)],
    [bundlePaths.checksums, checksums],
  ]);
  if (delta.entries.some(({ path }) => path === bundlePaths.fullSignature)) {
    files.set(bundlePaths.signature, await delta.readFile(bundlePaths.fullSignature));
  }
  const blobs: Blob[] = [];
  for (const [path, digest] of listed) {
    if (path.startsWith(bundlePaths.blobs)) blobs.push({ digest, size: sizeOf(digest, delta) });
    else files.set(path, await delta.readFile(path));
  }
  const layout = layOutBundle([
    ...[...files].map(([path, bytes]) => ({ path, size: bytes.length })),
    ...blobs.map(({ digest, size }) => ({ path: blobPath(digest), size })),
  ]);
  const origins = new Map(blobs.map((blob) => [blob.digest, originOf(blob, delta)]));
  return { bundle: { manifest: delta.complete, root: delta.root, files, blobs, layout }, origins };
}

function sizeOf(digest: string, delta: OpenedBundle): number {
  const size = delta.sizeOf(digest);
  if (size !== undefined) return size;
  throw new BundleError(`${digest} is in none of the bundles`, { hint: "name every bundle that the delta builds on" });
}

function originOf({ digest, size }: Blob, delta: OpenedBundle): OriginatedBlob {
  const descriptor = { mediaType: "application/octet-stream", digest, size };
  const owner = delta.complete.name;
  for (let bundle: OpenedBundle | undefined = delta; bundle !== undefined; bundle = bundle.basis) {
    const entry = bundle.entries.find(({ path }) => path === blobPath(digest));
    if (entry === undefined) continue;
    const spans = bundle.file.ranges(entry.offset, entry.offset + entry.size);
    return { descriptor, owner, origin: { kind: "files", name: bundle.name, spans } };
  }
  return { descriptor, owner, origin: { kind: "source", source: delta } };
}
