import { BundleError } from "../errors/installer-error.ts";
import type { SourceImage } from "../oci/content.ts";
import { formatPlatform, parsePlatform, type Platform } from "../oci/descriptor.ts";
import { choosePlatform, matchesPlatform } from "../oci/platform-choice.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import { type BundledImage, type BundleManifest, isRunnable } from "./bundle-manifest.ts";

/**
 * An image of a bundle; undefined when it is not in it. One narrowed to several platforms has no root over them: then each
 * platform is asked for by itself.
 * @throws BundleError when it is not there for all the platforms
 */
export function resolveImage(
  manifest: BundleManifest,
  reference: string,
  platforms: readonly Platform[],
): SourceImage | undefined {
  const image = findImage(manifest, reference);
  if (image === undefined) return undefined;
  // A chart or an SBOM is for every platform.
  if (!isRunnable(image)) return { reference, root: image.root, referrers: image.referrers };
  const has = image.platforms.map(({ platform }) => platform);
  const lacking = platforms.filter((wanted) => !has.some((text) => matchesText(text, wanted)));
  if (lacking.length > 0) {
    throw new BundleError(
      `the bundle has ${image.reference} for ${has.join(", ")} and not for ${lacking.map(formatPlatform).join(", ")}`,
      { hint: "take the bundle that was made for this platform" },
    );
  }
  const [wanted] = platforms;
  const narrowed = image.parentIndex !== undefined && wanted !== undefined;
  const chosen = narrowed
    ? choosePlatform(image.platforms, ({ platform }) => parsePlatform(platform), wanted)
    : undefined;
  return { reference, root: chosen?.manifest ?? image.root, referrers: image.referrers };
}

function matchesText(platform: string, wanted: Platform): boolean {
  const parsed = parsePlatform(platform);
  return parsed !== undefined && matchesPlatform(parsed, wanted);
}

/** By reference in full; one with a digest finds the image with that digest, whatever its tag. */
function findImage(manifest: BundleManifest, reference: string): BundledImage | undefined {
  const parsed = parseReference(reference);
  const wanted = formatReference(parsed);
  const exact = manifest.images.find((image) => image.reference === wanted);
  if (exact !== undefined || parsed.digest === undefined) return exact;
  return manifest.images.find((image) => {
    const { host, repository, tag } = parseReference(image.reference);
    if (host !== parsed.host || repository !== parsed.repository) return false;
    if (parsed.tag !== undefined && parsed.tag !== tag) return false;
    const digests = [
      image.root.digest,
      image.parentIndex,
      ...image.platforms.map((platform) => platform.manifest.digest),
    ];
    return digests.includes(parsed.digest);
  });
}
