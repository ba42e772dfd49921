import type { GatheredImage } from "../../bundle/gather-images.ts";
import { type ImageLock, formatImageLock } from "../../images/image-lock.ts";
import { sizesOf } from "./image-sizes.ts";

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
