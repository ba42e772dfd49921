import type { OriginatedBlob } from "../../bundle/blob-origins.ts";
import type { BundleDescription } from "../../bundle/build-bundle-manifest.ts";
import type { BundledImage } from "../../bundle/bundle-manifest.ts";
import type { GatheredImage } from "../../bundle/gather-images.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { previousOf } from "../upgrade/release-path.ts";
import type { CarriedArtifact } from "./bundle-artifacts.ts";

/** Oldest engine that an install takes; preflight asks for the same. */
const oldestEngine = "24.0";
/** What a compressed layer grows to; only an estimate that must be the same on every machine. */
const unpackedRatio = 3;

export interface DescribeRequest {
  readonly name: string;
  readonly version: string;
  readonly profile?: string;
  readonly platforms: readonly string[];
  readonly without: readonly string[];
  readonly images: readonly GatheredImage[];
  readonly artifacts: readonly CarriedArtifact[];
  /** Path of the SBOM by name of the image. */
  readonly sbomPaths: ReadonlyMap<string, string>;
}

/** What the root document says, but for the digests of its files. */
export function describeBundle(
  request: DescribeRequest,
  blobs: ReadonlyMap<string, OriginatedBlob>,
): BundleDescription {
  const { name, version, profile, platforms, without, images, artifacts } = request;
  return {
    name,
    version,
    profiles: profile === undefined ? [] : [profile],
    ...(without.length > 0 && { without }),
    platforms,
    requires: { previous: previousOf(version), freeBytes: unpackedBytes(images), engine: oldestEngine },
    images: images.map((image) => toBundledImage(image, request.sbomPaths)),
    artifacts: artifacts.map(({ artifact }) => artifact),
    blobBytes: [...blobs.values()].reduce((sum, { descriptor }) => sum + descriptor.size, 0),
  };
}

function toBundledImage(image: GatheredImage, sbomPaths: ReadonlyMap<string, string>): BundledImage {
  const { wanted, root, parentIndex, platforms, referrers } = image;
  const sbom = sbomPaths.get(wanted.name);
  return {
    name: wanted.name,
    reference: wanted.reference,
    root,
    ...(parentIndex !== undefined && { parentIndex }),
    platforms: platforms.map(({ platform, manifest, config }) => ({ platform, manifest, config })),
    licenses: wanted.licenses,
    reasons: wanted.reasons,
    ...(sbom !== undefined && { sbom }),
    referrers,
  };
}

/** Of the layers of one platform, each once: an engine holds no other. */
function unpackedBytes(images: readonly GatheredImage[]): number {
  const layers = new Map<string, Descriptor>();
  for (const { platforms } of images) {
    for (const layer of platforms[0]?.layers ?? []) layers.set(layer.digest, layer);
  }
  return [...layers.values()].reduce(
    (sum, { size, mediaType }) => sum + (mediaType.endsWith(".tar") ? size : size * unpackedRatio),
    0,
  );
}

/** Every blob of images and artifacts, each once, with where it comes from. */
export function collectBlobs(
  images: readonly GatheredImage[],
  artifacts: readonly CarriedArtifact[],
): ReadonlyMap<string, OriginatedBlob> {
  const blobs = new Map<string, OriginatedBlob>();
  for (const { wanted, source, blobs: gathered } of images) {
    const owner = `the image ${wanted.reference}`;
    for (const { descriptor, bytes } of gathered) {
      const known = blobs.get(descriptor.digest);
      if (known !== undefined && (known.origin.kind === "bytes" || bytes === undefined)) continue;
      const origin =
        bytes === undefined
          ? ({ kind: "source", source } as const)
          : ({ kind: "bytes", name: source.name, bytes } as const);
      blobs.set(descriptor.digest, { descriptor, owner, origin });
    }
  }
  for (const { blob } of artifacts) blobs.set(blob.descriptor.digest, blob);
  return blobs;
}
