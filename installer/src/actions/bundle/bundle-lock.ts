import type { GatheredImage } from "../../bundle/gather-images.ts";
import { type ImageLock, formatImageLock } from "../../images/image-lock.ts";

export interface BundleLockRequest {
  readonly version: string;
  readonly profile?: string;
  readonly platforms: readonly string[];
  readonly images: readonly GatheredImage[];
  /** Names of images of ours. */
  readonly own: ReadonlySet<string>;
}

/** `files/images.lock.yaml`: what the bundle carries, by digest. Where it was taken from is not said, so that it is always the same. */
export function formatBundleLock(request: BundleLockRequest): string {
  const { version, profile, platforms, images, own } = request;
  const lock: ImageLock = {
    apiVersion: "slipway/v1",
    kind: "ImageLock",
    version,
    profiles: profile === undefined ? [] : [profile],
    platforms,
    images: images.map((image) => {
      const { wanted, root } = image;
      return {
        name: wanted.name,
        reference: wanted.reference,
        kind: own.has(wanted.name) ? "built" : "third-party",
        licenses: wanted.licenses,
        reasons: wanted.reasons,
        source: "bundle",
        digest: root.digest,
        mediaType: root.mediaType,
        ...sizesOf(image),
      };
    }),
  };
  return formatImageLock(lock);
}

function sizesOf({ platforms, blobs }: GatheredImage) {
  const sizes = new Map(blobs.map(({ descriptor }) => [descriptor.digest, descriptor.size]));
  const sum = (digests: readonly string[]): number =>
    [...new Set(digests)].reduce((total, digest) => total + (sizes.get(digest) ?? 0), 0);
  const rows = platforms.map(({ platform, manifest, config, layers }) => ({
    platform,
    manifest,
    config,
    digests: [manifest.digest, config, ...layers.map(({ digest }) => digest)],
  }));
  return {
    size: sum(rows.flatMap(({ digests }) => digests)),
    platforms: rows.map(({ platform, manifest, config, digests }) => ({
      platform,
      digest: manifest.digest,
      imageId: config,
      size: sum(digests),
    })),
  };
}
