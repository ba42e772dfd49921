import type { BundleManifest } from "../../bundle/bundle-manifest.ts";
import { bundlePaths } from "../../bundle/bundle-manifest.ts";
import { collectImageBlobs } from "../../bundle/image-blobs.ts";
import { parseSignature } from "../../bundle/minisign.ts";
import { type OpenedBundle, openBundle } from "../../bundle/open-bundle.ts";
import type { BundleFilePorts } from "./bundle-file-ports.ts";
import type { ResultHead } from "../context.ts";
import { readTrustedKeys } from "./trusted-keys.ts";

export interface BundleInspectRequest {
  /** A bundle, the header or a part of a split one; of a delta its bases may follow. */
  readonly paths: readonly string[];
  readonly partFolders: readonly string[];
  readonly keyFiles: readonly string[];
}

export interface BundleInspectResult extends ResultHead<"BundleInspectResult"> {
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly content: "full" | "delta";
  readonly base?: BundleManifest["base"];
  /** Digest of the root document of this file. */
  readonly root: string;
  readonly profiles: readonly string[];
  readonly without: readonly string[];
  readonly platforms: readonly string[];
  readonly requires: BundleManifest["requires"];
  /** `untrusted`: signed, by a key that is not known here. */
  readonly trust: {
    readonly state: "signed" | "untrusted" | "unsigned";
    readonly keyId?: string;
    readonly comment?: string;
  };
  /** Of this file, or of all its parts, in bytes. */
  readonly bytes: number;
  /** Of all blobs, each once, with those of the base; in bytes. */
  readonly blobBytes: number;
  /** Of a split one: files of data, bytes of each, files of parity. */
  readonly parts?: { readonly count: number; readonly partSize: number; readonly parity: number };
  readonly images: readonly {
    readonly name: string;
    readonly reference: string;
    readonly digest: string;
    readonly parentIndex?: string;
    readonly platforms: readonly { readonly platform: string; readonly digest: string; readonly imageId: string }[];
    /** Of all it consists of, in bytes; absent where a delta is looked at without its base. */
    readonly bytes?: number;
    readonly licenses: string;
    readonly reasons: readonly string[];
    readonly sbom?: string;
    /** Signatures, lists of packages and other documents about it. */
    readonly referrers: number;
  }[];
  readonly artifacts: readonly {
    readonly name: string;
    readonly version: string;
    readonly platform?: string;
    readonly digest: string;
    readonly bytes: number;
  }[];
  /** Files that are no blobs. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/**
 * Says what is in a bundle, also in one that nobody trusted vouches for: that stands in the result.
 * @throws BundleError when it is damaged or its signature is wrong
 */
export async function inspectBundle(
  request: BundleInspectRequest,
  ports: BundleFilePorts,
): Promise<BundleInspectResult> {
  const trustedKeys = await readTrustedKeys({ keyFiles: request.keyFiles, allowUnsigned: true }, ports);
  const { paths, partFolders } = request;
  const bundle = await openBundle({ paths, partFolders, trustedKeys, allowUnsigned: true }, ports);
  try {
    return await describe(bundle);
  } finally {
    await bundle.close();
  }
}

async function describe(bundle: OpenedBundle): Promise<BundleInspectResult> {
  const { manifest, complete, file } = bundle;
  const { split } = file;
  const { name, version, content, base, profiles, platforms, requires, without = [] } = manifest;
  return {
    apiVersion: "slipway/v1",
    kind: "BundleInspectResult",
    path: file.path,
    name,
    version,
    content,
    ...(base !== undefined && { base }),
    root: bundle.documentRoot,
    profiles,
    without,
    platforms,
    requires,
    trust: await describeTrust(bundle),
    bytes: file.size,
    blobBytes: complete.blobBytes,
    ...(split !== undefined && {
      parts: {
        count: split.header.parts.length,
        partSize: split.header.partSize,
        parity: split.header.parity?.count ?? 0,
      },
    }),
    images: await describeImages(bundle),
    artifacts: manifest.artifacts.map((artifact) => ({
      name: artifact.name,
      version: artifact.version,
      ...(artifact.platform !== undefined && { platform: artifact.platform }),
      digest: artifact.descriptor.digest,
      bytes: artifact.descriptor.size,
    })),
    files: bundle.entries
      .filter(({ path }) => !path.startsWith(bundlePaths.blobs))
      .map(({ path, size }) => ({ path, bytes: size })),
  };
}

async function describeTrust(bundle: OpenedBundle): Promise<BundleInspectResult["trust"]> {
  if (bundle.trust.state === "signed") return bundle.trust;
  if (!bundle.entries.some(({ path }) => path === bundlePaths.signature)) return { state: "unsigned" };
  const text = (await bundle.readFile(bundlePaths.signature)).toString("utf8");
  return { state: "untrusted", keyId: parseSignature(text).keyId };
}

async function describeImages(bundle: OpenedBundle): Promise<BundleInspectResult["images"]> {
  const alone = bundle.manifest.content === "delta" && bundle.basis === undefined;
  const images: BundleInspectResult["images"][number][] = [];
  for (const image of bundle.complete.images) {
    const found = alone ? undefined : await collectImageBlobs(bundle, image);
    images.push({
      name: image.name,
      reference: image.reference,
      digest: image.root.digest,
      ...(image.parentIndex !== undefined && { parentIndex: image.parentIndex }),
      platforms: image.platforms.map(({ platform, manifest, config }) => ({
        platform,
        digest: manifest.digest,
        imageId: config,
      })),
      ...(found !== undefined && { bytes: found.blobs.reduce((sum, { size }) => sum + size, 0) }),
      licenses: image.licenses,
      reasons: image.reasons,
      ...(image.sbom !== undefined && { sbom: image.sbom }),
      referrers: image.referrers.length,
    });
  }
  return images;
}
