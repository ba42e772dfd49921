import type { Descriptor } from "../oci/descriptor.ts";

/**
 * `bundle.json`, the root document: everything in the bundle hangs on it, and the signature is over it. It names
 * `checksums.txt` by digest, which names every other entry by digest.
 */
export interface BundleManifest {
  readonly apiVersion: "slipway/v1";
  readonly kind: "Bundle";
  /** `slipway-infra`. */
  readonly name: string;
  /** Version of the platform; a SemVer version. */
  readonly version: string;
  readonly profiles: readonly string[];
  /** Components that were left out when it was made: their images are not in it, an install from it has them off. */
  readonly without?: readonly string[];
  /** `linux/amd64`; the first is the primary one, which `manifest.json` names. */
  readonly platforms: readonly string[];
  readonly content: "full" | "delta";
  /** Of a delta: digests of the root document it builds on and of the one that base and delta together make. */
  readonly base?: { readonly root: string; readonly name: string; readonly version: string };
  readonly full?: { readonly root: string };
  /** Digest of `checksums.txt`. */
  readonly checksums: string;
  readonly requires: {
    /** Versions of the platform that may be updated to this one: SemVer versions, oldest first; empty means any. */
    readonly previous: readonly string[];
    /** Bytes free in the engine's store to load every image, as the sum of the unpacked layers where known. */
    readonly freeBytes: number;
    /** Oldest Docker engine. */
    readonly engine: string;
  };
  readonly images: readonly BundledImage[];
  /** Programs, charts and other files that are blobs: `blobs/sha256/<hex>`. */
  readonly artifacts: readonly BundledArtifact[];
  /** Bytes of all blobs of the full bundle, each once. */
  readonly blobBytes: number;
}

export interface BundledImage {
  /** Name in the image catalogue. */
  readonly name: string;
  /** As the platform asks for it, in full: `docker.io/slipway/postgres:e13ecc616bb573b3`. */
  readonly reference: string;
  /**
   * What the bundle carries: a manifest, or an index of which every manifest is carried. An index that has other
   * platforms too is not carried, for it could not be whole: then this is the manifest of the primary platform.
   */
  readonly root: Descriptor;
  /** Where the root was narrowed to the bundle's platforms: the digest of the index it was part of. */
  readonly parentIndex?: string;
  /** Per platform, the manifest; none of a chart, an SBOM or another document. `config` is the image id in an engine with graph drivers. */
  readonly platforms: readonly { readonly platform: string; readonly manifest: Descriptor; readonly config: string }[];
  readonly licenses: string;
  /** Who uses it: `component postgres`, `job postgres-initialise`, in order. */
  readonly reasons: readonly string[];
  /** Path of the SPDX document inside the bundle. */
  readonly sbom?: string;
  readonly referrers: readonly { readonly descriptor: Descriptor; readonly subject: string; readonly tag?: string }[];
}

/** Whether engines run it; charts, SBOMs and other documents that were carried by name have no platform. */
export function isRunnable({ platforms }: Pick<BundledImage, "platforms">): boolean {
  return platforms.length > 0;
}

export interface BundledArtifact {
  /** `slipway`, `docker-compose`, `helm`, `chart`. */
  readonly name: string;
  readonly version: string;
  /** Absent when it serves every platform. */
  readonly platform?: string;
  readonly descriptor: Descriptor;
}

/** Paths inside a bundle, in the order in which they stand; `files/…` and `blobs/…` follow. */
export const bundlePaths = {
  manifest: "bundle.json",
  signature: "bundle.json.minisig",
  checksums: "checksums.txt",
  ociLayout: "oci-layout",
  index: "index.json",
  dockerManifest: "manifest.json",
  installScript: "install.sh",
  /** Of a delta: root document, signature and checksums of the full bundle it stands for. */
  fullManifest: "full/bundle.json",
  fullSignature: "full/bundle.json.minisig",
  fullChecksums: "full/checksums.txt",
  lock: "files/images.lock.yaml",
  files: "files/",
  blobs: "blobs/sha256/",
} as const;
