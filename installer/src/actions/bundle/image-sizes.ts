import type { NarrowedImage } from "../../bundle/gather-image.ts";
import type { ResolvedImage } from "../../images/image-lock.ts";

/** Per platform, and all of them together with each blob once. */
export function sizesOf(image: Pick<NarrowedImage, "platforms" | "blobs">): Pick<ResolvedImage, "size" | "platforms"> {
  const sizes = new Map(image.blobs.map(({ descriptor }) => [descriptor.digest, descriptor.size]));
  const sum = (digests: readonly string[]): number =>
    [...new Set(digests)].reduce((total, digest) => total + (sizes.get(digest) ?? 0), 0);
  const rows = image.platforms.map(({ platform, manifest, config, layers }) => {
    const digests = [manifest.digest, config, ...layers.map((layer) => layer.digest)];
    return { digests, row: { platform, digest: manifest.digest, imageId: config, size: sum(digests) } };
  });
  if (rows.length === 0) return { size: sum([...sizes.keys()]), platforms: [] };
  return { size: sum(rows.flatMap(({ digests }) => digests)), platforms: rows.map(({ row }) => row) };
}
