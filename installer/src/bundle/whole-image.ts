import { BundleError } from "../errors/installer-error.ts";
import type { SourceImage } from "../oci/content.ts";
import { type Descriptor, formatPlatform, isDistributed } from "../oci/descriptor.ts";
import { hasImageConfig, layerMismatch } from "../oci/image-config.ts";
import { type ManifestReader, type ManifestSource, createManifestReader } from "./manifest-reader.ts";

/** The manifest of one platform of an image, or of something that belongs to it. */
export interface ImagePart {
  readonly manifest: Descriptor;
  /** `linux/amd64`; absent where it is the image itself, which has no other. */
  readonly platform?: string;
}

/**
 * Finds what is missing of an image before anything is written: the source has a part of it, as an engine that pulled one
 * platform of several.
 * @throws BundleError naming the first thing missing and the platforms that are whole; an error of the source when manifest and configuration disagree
 */
export async function requireWhole(reader: ManifestReader, parts: readonly ImagePart[]): Promise<void> {
  const whole: string[] = [];
  let first: Lack | undefined;
  for (const part of parts) {
    const found = await findLack(reader, part.manifest);
    if (found === undefined) whole.push(...(part.platform === undefined ? [] : [part.platform]));
    else first ??= { ...found, what: `${found.what} of the image ${reader.reference}${purpose(part)}` };
  }
  if (first === undefined) return;
  if (first.leftOut === true) {
    throw new BundleError(`${first.lack}, ${first.what}`, {
      hint: "its maker does not let that layer be passed on, so tools leave it out when they copy the image: take an image without one, or a copy that was told to have it",
    });
  }
  const rest = "get it whole: pull it once more for every platform, save or copy it again";
  throw new BundleError(`${first.lack}, ${first.what}`, {
    hint:
      whole.length === 0
        ? `${rest}; or name another source with --from`
        : `--platform ${whole.join(",")} takes what is there; or ${rest}`,
  });
}

/**
 * The same for everything a root names, whatever it is for, and what refers to it. Manifests and configurations are read,
 * layers are not.
 * @throws as `requireWhole`
 */
export async function requireWholeImage(
  reference: string,
  source: ManifestSource,
  { root, referrers }: Pick<SourceImage, "root" | "referrers">,
): Promise<void> {
  const reader = createManifestReader(reference, source);
  const { descriptor, manifest } = await reader.read(root);
  await requireWhole(reader, manifest.kind === "image" ? [{ manifest: descriptor }] : manifest.manifests.map(toPart));
  await addReferrers(
    reader,
    referrers.map(({ descriptor: referrer }) => referrer),
  );
}

/**
 * Carries what refers to an image, which must be as whole as the image: a signature without its payload is none.
 * @throws BundleError naming the first thing missing
 */
export async function addReferrers(reader: ManifestReader, referrers: readonly Descriptor[]): Promise<void> {
  const checked = new Set(reader.blobs().map(({ descriptor }) => descriptor.digest));
  for (const referrer of referrers) {
    const refuse = (lack: string): never => {
      const type = referrer.artifactType === undefined ? "" : ` (${referrer.artifactType})`;
      throw new BundleError(`${lack}, which belongs to what refers to the image ${reader.reference}${type}`, {
        hint: "copy the image again with all its signatures, attestations and SBOMs, or without any",
      });
    };
    const own = await reader.lack(referrer);
    if (own !== undefined) refuse(own);
    await reader.addAll(referrer, 0);
    for (const { descriptor } of reader.blobs()) {
      if (checked.has(descriptor.digest)) continue;
      checked.add(descriptor.digest);
      const lack = await reader.lack(descriptor);
      if (lack !== undefined) refuse(lack);
    }
  }
}

/** Whether everything that a manifest names is there. */
export async function isWhole(reader: ManifestReader, manifest: Descriptor): Promise<boolean> {
  return (await findLack(reader, manifest)) === undefined;
}

function toPart(manifest: Descriptor): ImagePart {
  const { platform } = manifest;
  return { manifest, ...(platform !== undefined && { platform: formatPlatform(platform) }) };
}

function purpose({ platform }: ImagePart): string {
  return platform === undefined ? "" : ` for ${platform}`;
}

interface Lack {
  readonly lack: string;
  /** `the manifest`, `a layer`. */
  readonly what: string;
  /** No tool copies it, however often it is asked to. */
  readonly leftOut?: boolean;
}

async function findLack(reader: ManifestReader, descriptor: Descriptor): Promise<Lack | undefined> {
  const own = await reader.lack(descriptor);
  if (own !== undefined) return { lack: own, what: "the manifest" };
  const { manifest } = await reader.read(descriptor);
  if (manifest.kind === "index") return undefined;
  const config = await reader.lack(manifest.config);
  if (config !== undefined) return { lack: config, what: "the configuration" };
  // An attestation runs nowhere, whatever its configuration says.
  if (hasImageConfig(manifest) && descriptor.platform?.os !== "unknown") {
    const mismatch = layerMismatch(manifest, await reader.readBlob(manifest.config));
    if (mismatch !== undefined) throw reader.toError(descriptor)(mismatch);
  }
  for (const layer of manifest.layers) {
    const lack = await reader.lack(layer);
    if (lack !== undefined) return { lack, what: "a layer", leftOut: !isDistributed(layer) };
  }
  return undefined;
}
