import { digestOf } from "../oci/digest.ts";
import { buildBundleManifest, formatBundleManifest } from "./build-bundle-manifest.ts";
import type { BundleDescription } from "./build-bundle-manifest.ts";
import { type BundleManifest, bundlePaths } from "./bundle-manifest.ts";
import { type BundleLayout, blobPath, layOutBundle } from "./bundle-layout.ts";
import { formatChecksums } from "./checksums.ts";

export interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** The small files of a bundle by path, in memory. */
export type SmallFiles = ReadonlyMap<string, Uint8Array>;

/** A bundle of which every byte is settled, though the blobs are not yet there. */
export interface AssembledBundle {
  readonly manifest: BundleManifest;
  /** Digest of the root document. */
  readonly root: string;
  /** Everything but the blobs. */
  readonly files: SmallFiles;
  readonly blobs: readonly Blob[];
  readonly layout: BundleLayout;
}

/** Makes the text of a minisign signature. */
export type Sign = (bytes: Uint8Array) => string;

export interface BundleParts {
  readonly description: BundleDescription;
  /** `index.json`, `install.sh`, `files/…`: all but root document, signature and checksums. */
  readonly files: SmallFiles;
  readonly blobs: readonly Blob[];
  /** Absent: the bundle is not signed. */
  readonly sign?: Sign;
}

/** Settles every byte of a full bundle. */
export function assembleBundle(parts: BundleParts): AssembledBundle {
  return compose(parts, undefined);
}

export interface DeltaBase {
  readonly root: string;
  readonly name: string;
  readonly version: string;
  /** Digests of the blobs of the full bundle that the base is, or makes with its own bases. */
  readonly blobs: ReadonlySet<string>;
}

/**
 * Settles every byte of a delta: the metadata whole, of the blobs those that the base lacks, and root document,
 * signature and checksums of the full bundle, so that base and delta together give exactly its bytes.
 */
export function assembleDelta(parts: BundleParts, base: DeltaBase): AssembledBundle {
  const full = assembleBundle(parts);
  const carried: [string, string][] = [
    [bundlePaths.manifest, bundlePaths.fullManifest],
    [bundlePaths.signature, bundlePaths.fullSignature],
    [bundlePaths.checksums, bundlePaths.fullChecksums],
  ];
  const files = new Map(parts.files);
  for (const [path, under] of carried) {
    const bytes = full.files.get(path);
    if (bytes !== undefined) files.set(under, bytes);
  }
  const blobs = parts.blobs.filter(({ digest }) => !base.blobs.has(digest));
  const { root, name, version } = base;
  return compose({ ...parts, files, blobs }, { base: { root, name, version }, full: { root: full.root } });
}

function compose(parts: BundleParts, delta: Parameters<typeof buildBundleManifest>[2]): AssembledBundle {
  const { description, sign } = parts;
  const blobs = [...new Map(parts.blobs.map(({ digest, size }) => [digest, { digest, size }])).values()];
  const checksums = formatChecksums([
    ...[...parts.files].map(([path, bytes]) => ({ path, digest: digestOf(bytes) })),
    ...blobs.map(({ digest }) => ({ path: blobPath(digest), digest })),
  ]);
  const manifest = buildBundleManifest(description, digestOf(checksums), delta);
  const document = Buffer.from(formatBundleManifest(manifest));
  const files = new Map<string, Uint8Array>([
    [bundlePaths.manifest, document],
    ...(sign === undefined ? [] : [[bundlePaths.signature, Buffer.from(sign(document))] as const]),
    [bundlePaths.checksums, Buffer.from(checksums)],
    ...parts.files,
  ]);
  const layout = layOutBundle([
    ...[...files].map(([path, bytes]) => ({ path, size: bytes.length })),
    ...blobs.map(({ digest, size }) => ({ path: blobPath(digest), size })),
  ]);
  return { manifest, root: digestOf(document), files, blobs, layout };
}
