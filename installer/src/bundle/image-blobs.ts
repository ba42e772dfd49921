import { buffer } from "node:stream/consumers";
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
  const problems: string[] = [];
  const queue: Descriptor[] = [
    image.root,
    ...image.platforms.map(({ manifest }) => manifest),
    ...image.referrers.map(({ descriptor }) => descriptor),
  ];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (blobs.has(next.digest)) continue;
    blobs.set(next.digest, next);
    const size = bundle.sizeOf(next.digest);
    if (size === undefined) problems.push(`${next.digest} (${next.mediaType}) is not there`);
    else if (size !== next.size) problems.push(`${next.digest} is ${size} bytes, and ${next.size} are asked for`);
    else if (isManifestType(next.mediaType)) queue.push(...(await readChildren(bundle, next)));
  }
  for (const { manifest } of image.platforms) problems.push(...(await findMismatch(bundle, manifest)));
  return { blobs: [...blobs.values()], problems };
}

async function findMismatch(bundle: OpenedBundle, descriptor: Descriptor): Promise<readonly string[]> {
  if (bundle.sizeOf(descriptor.digest) !== descriptor.size) return [];
  const manifest = await readManifest(bundle, descriptor);
  if (manifest.kind === "index" || !hasImageConfig(manifest)) return [];
  const { config } = manifest;
  if (bundle.sizeOf(config.digest) !== config.size || config.size > manifestLimit) return [];
  const mismatch = layerMismatch(manifest, await buffer(await bundle.content.open(config)));
  return mismatch === undefined ? [] : [`${descriptor.digest} ${mismatch}`];
}

function isManifestType(mediaType: string): boolean {
  return /(?:manifest|index|list)[\w.]*\+json$/.test(mediaType);
}

async function readChildren(bundle: OpenedBundle, descriptor: Descriptor): Promise<readonly Descriptor[]> {
  return childrenOf(await readManifest(bundle, descriptor));
}

async function readManifest(bundle: OpenedBundle, descriptor: Descriptor): Promise<Manifest> {
  if (descriptor.size > manifestLimit) throw new BundleError(`${descriptor.digest} is too large for a manifest`);
  const bytes = await buffer(await bundle.content.open(descriptor));
  return parseManifest(bytes, (problem) => new BundleError(`the manifest ${descriptor.digest} ${problem}`));
}
