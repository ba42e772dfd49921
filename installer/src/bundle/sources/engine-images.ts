import { BundleError } from "../../errors/installer-error.ts";
import { type Descriptor, type Platform, mediaTypes } from "../../oci/descriptor.ts";
import { matchesPlatform } from "../../oci/platform-choice.ts";
import { digestOf } from "../../oci/digest.ts";
import { configurationLayers, configurationPlatform } from "../../oci/image-config.ts";
import { childrenOf, type Manifest, parseManifest } from "../../oci/manifest.ts";
import type { ImageDetails } from "../../platform/ports.ts";
import type { EngineCache } from "./engine-cache.ts";

/** An image of the engine, with every digest and size there is to know of it. */
export interface EngineImage {
  readonly root: Descriptor;
  /** Manifests and configurations that are in memory. */
  readonly documents: ReadonlyMap<string, Buffer>;
  /** What must come out of an export. */
  readonly layers: readonly Descriptor[];
}

/**
 * The image as an OCI one, from what is known; undefined when something is missing. With graph drivers the engine keeps
 * layers unpacked and no manifest: one is made, always the same for the same image, and the configuration stays as it is,
 * so that the image id does. The containerd store has the original manifests and compressed layers.
 */
export function describeEngineImage(details: ImageDetails, known: EngineCache): EngineImage | undefined {
  const document = known.documents.get(details.id);
  if (document === undefined) return undefined;
  return configurationLayers(document) === undefined
    ? storedImage(details, document, known)
    : imageOfLayers(details, document, known);
}

function imageOfLayers(details: ImageDetails, config: Buffer, known: EngineCache): EngineImage | undefined {
  const digests = configurationLayers(config) ?? [];
  if (digests.join() !== details.layers.join()) {
    throw new BundleError(`the docker engine contradicts itself about the layers of the image ${details.id}`);
  }
  const layers: Descriptor[] = [];
  for (const digest of digests) {
    const size = known.sizes.get(digest);
    if (size === undefined) return undefined;
    layers.push({ mediaType: mediaTypes.ociLayer, digest, size });
  }
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: details.id, size: config.length },
      layers,
    }),
  );
  const root = {
    mediaType: mediaTypes.ociManifest,
    digest: digestOf(manifest),
    size: manifest.length,
    platform: platformOf(details),
  };
  return {
    root,
    layers,
    documents: new Map([
      [root.digest, manifest],
      [details.id, config],
    ]),
  };
}

function storedImage(details: ImageDetails, bytes: Buffer, known: EngineCache): EngineImage {
  const documents = new Map<string, Buffer>();
  const layers: Descriptor[] = [];
  const visit = (digest: string, document: Buffer, depth: number): Manifest => {
    documents.set(digest, document);
    const manifest = parseManifest(document, (problem) => new BundleError(`the manifest ${digest} ${problem}`));
    if (depth > 4) throw new BundleError(`the index ${details.id} has indexes in indexes without end`);
    for (const child of childrenOf(manifest)) {
      const childBytes = known.documents.get(child.digest);
      // Of an index the store often holds only the platforms that were pulled.
      if (childBytes === undefined) layers.push(...(manifest.kind === "image" ? [child] : []));
      else if (manifest.kind === "index") visit(child.digest, childBytes, depth + 1);
      else documents.set(child.digest, childBytes);
    }
    return manifest;
  };
  const root = visit(details.id, bytes, 0);
  return {
    root: {
      mediaType: root.mediaType,
      digest: details.id,
      size: bytes.length,
      ...(root.kind === "image" ? { platform: platformOf(details) } : {}),
    },
    documents,
    layers,
  };
}

/** Platforms of which the image is wholly there. */
export function platformsOf(image: EngineImage): readonly Platform[] {
  if (image.root.platform !== undefined) return [image.root.platform];
  return manifestsOf(image).flatMap(({ digest, platform }) =>
    platform !== undefined && image.documents.has(digest) ? [platform] : [],
  );
}

/**
 * What the source offers as the image: its index as it is, unless all its platforms are there and yet not all of it, as
 * when an attestation was left behind by a pull. Nobody could carry that index whole, so it is the platform's manifest.
 */
export function offeredRoot(image: EngineImage, wanted: readonly Platform[]): Descriptor {
  const manifests = manifestsOf(image);
  const isHere = ({ digest }: Descriptor): boolean => image.documents.has(digest);
  const runnable = manifests.filter(({ platform }) => platform !== undefined && platform.os !== "unknown");
  if (manifests.every(isHere) || !runnable.every(isHere)) return image.root;
  const [only, ...others] = runnable.filter(
    ({ platform }) => platform !== undefined && wanted.some((each) => matchesPlatform(platform, each)),
  );
  return only === undefined || others.length > 0 ? image.root : only;
}

function manifestsOf(image: EngineImage): readonly Descriptor[] {
  const { digest } = image.root;
  const bytes = image.documents.get(digest);
  if (bytes === undefined || image.root.platform !== undefined) return [];
  const manifest = parseManifest(bytes, (problem) => new BundleError(`the manifest ${digest} ${problem}`));
  return manifest.kind === "index" ? manifest.manifests.map((child) => withPlatform(child, image.documents)) : [];
}

/** Where an index does not say what a manifest is for, its configuration does. */
function withPlatform(child: Descriptor, documents: EngineImage["documents"]): Descriptor {
  const bytes = documents.get(child.digest);
  if (child.platform !== undefined || bytes === undefined) return child;
  const manifest = parseManifest(bytes, (problem) => new BundleError(`the manifest ${child.digest} ${problem}`));
  const config = manifest.kind === "image" ? documents.get(manifest.config.digest) : undefined;
  const platform = config === undefined ? undefined : configurationPlatform(config);
  return platform === undefined ? child : { ...child, platform };
}

function platformOf(details: ImageDetails): Platform {
  const { os, architecture, variant } = details;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
