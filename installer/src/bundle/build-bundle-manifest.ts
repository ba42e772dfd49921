import type { Descriptor } from "../oci/descriptor.ts";
import type { BundledArtifact, BundledImage, BundleManifest } from "./bundle-manifest.ts";

/** What a bundle says of itself, before its files are known. */
export type BundleDescription = Omit<BundleManifest, "apiVersion" | "kind" | "content" | "base" | "full" | "checksums">;

/** The root document, with every key in the order of its type: the same description gives the same bytes. */
export function buildBundleManifest(
  description: BundleDescription,
  checksums: string,
  delta?: Pick<Required<BundleManifest>, "base" | "full">,
): BundleManifest {
  const { name, version, profiles, platforms, requires, images, artifacts, without, blobBytes } = description;
  return {
    apiVersion: "slipway/v1",
    kind: "Bundle",
    name,
    version,
    profiles,
    ...(without !== undefined && without.length > 0 ? { without } : {}),
    platforms,
    content: delta === undefined ? "full" : "delta",
    ...(delta !== undefined && {
      base: { root: delta.base.root, name: delta.base.name, version: delta.base.version },
      full: { root: delta.full.root },
    }),
    checksums,
    requires: { previous: requires.previous, freeBytes: requires.freeBytes, engine: requires.engine },
    images: images.map(orderImage),
    artifacts: artifacts.map(orderArtifact),
    blobBytes,
  };
}

/** The bytes of `bundle.json`. */
export function formatBundleManifest(manifest: BundleManifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** What identifies a piece of content, without what one source or another adds. */
export function plainDescriptor(descriptor: Descriptor): Descriptor {
  const { mediaType, digest, size, artifactType } = descriptor;
  return { mediaType, digest, size, ...(artifactType === undefined ? {} : { artifactType }) };
}

function orderImage(image: BundledImage): BundledImage {
  const { name, reference, root, parentIndex, platforms, licenses, reasons, sbom, referrers } = image;
  return {
    name,
    reference,
    root: plainDescriptor(root),
    ...(parentIndex === undefined ? {} : { parentIndex }),
    platforms: platforms.map(({ platform, manifest, config }) => ({
      platform,
      manifest: plainDescriptor(manifest),
      config,
    })),
    licenses,
    reasons,
    ...(sbom === undefined ? {} : { sbom }),
    referrers: referrers.map(({ descriptor, subject, tag }) => ({
      descriptor: plainDescriptor(descriptor),
      subject,
      ...(tag === undefined ? {} : { tag }),
    })),
  };
}

function orderArtifact(artifact: BundledArtifact): BundledArtifact {
  const { name, version, platform, descriptor } = artifact;
  return { name, version, ...(platform === undefined ? {} : { platform }), descriptor: plainDescriptor(descriptor) };
}
