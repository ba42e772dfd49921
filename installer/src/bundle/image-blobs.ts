import { BundleError } from "../errors/installer-error.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { hasImageConfig, layerMismatch } from "../oci/image-config.ts";
import { type Manifest, childrenOf, manifestLimit, parseManifest } from "../oci/manifest.ts";
import type { BundledImage } from "./bundle-manifest.ts";
import type { OpenedBundle } from "./open-bundle.ts";

/** Everything an image consists of, each once, and what of it is not there. */
export interface ImageBlobs {
  readonly blobs: readonly Descriptor[];
  /** In neither bundle nor base: `sha256:… (layer)`; of another length: `sha256:… is … bytes, not …`; of other layers than its configuration. */
  readonly problems: readonly string[];
}

/**
 * Walks from an image's roots and referrers down to its layers.
 * @throws BundleError when a manifest is damaged
 */
export async function collectImageBlobs(bundle: OpenedBundle, image: BundledImage): Promise<ImageBlobs> {
  const blobs = new Map<string, Descriptor>();
  const problems = new Set<string>();
  const isThere = (blob: Descriptor): boolean => {
    if (!blobs.has(blob.digest)) blobs.set(blob.digest, blob);
    const size = bundle.sizeOf(blob.digest);
    if (size === undefined) problems.add(`${blob.digest} (${blob.mediaType}) is not there`);
    else if (size !== blob.size) problems.add(`${blob.digest} is ${size} bytes, and ${blob.size} are asked for`);
    return size === blob.size;
  };
  const read = new Map<string, Manifest>();
  const manifests: Descriptor[] = [
    image.root,
    ...image.platforms.map(({ manifest }) => manifest),
    ...image.referrers.map(({ descriptor }) => descriptor),
  ];
  // What is a manifest its place tells, not its type: a layer may be of any, also of that of a manifest.
  for (const next of manifests) {
    if (!isThere(next) || read.has(next.digest)) continue;
    const manifest = await readManifest(bundle, next);
    read.set(next.digest, manifest);
    if (manifest.kind === "index") manifests.push(...manifest.manifests);
    else for (const blob of childrenOf(manifest)) isThere(blob);
  }
  for (const { manifest } of image.platforms) {
    for (const mismatch of await findMismatch(bundle, manifest, read.get(manifest.digest))) problems.add(mismatch);
  }
  return { blobs: [...blobs.values()], problems: [...problems] };
}

/** Nothing is said of a manifest that could not be read: that is a problem already. */
async function findMismatch(
  bundle: OpenedBundle,
  descriptor: Descriptor,
  manifest: Manifest | undefined,
): Promise<readonly string[]> {
  if (manifest === undefined || manifest.kind === "index" || !hasImageConfig(manifest)) return [];
  const { config } = manifest;
  if (bundle.sizeOf(config.digest) !== config.size || config.size > manifestLimit) return [];
  const mismatch = layerMismatch(manifest, await bundle.readBlob(config));
  return mismatch === undefined ? [] : [`${descriptor.digest} ${mismatch}`];
}

async function readManifest(bundle: OpenedBundle, descriptor: Descriptor): Promise<Manifest> {
  if (descriptor.size > manifestLimit) throw new BundleError(`${descriptor.digest} is too large for a manifest`);
  return parseManifest(
    await bundle.readBlob(descriptor),
    (problem) => new BundleError(`the manifest ${descriptor.digest} ${problem}`),
  );
}
