import { PreflightError } from "../errors/installer-error.ts";
import type { ImageSource, SourceImage } from "../oci/content.ts";
import { type Descriptor, type Platform, formatPlatform } from "../oci/descriptor.ts";
import { matchesPlatform } from "../oci/platform-choice.ts";
import { attachedTo } from "../oci/attached.ts";
import { configurationPlatform, isImageManifest } from "../oci/image-config.ts";
import {
  artifactTypeOf,
  type ImageManifest,
  type IndexManifest,
  isIndexType,
  selectPlatforms,
} from "../oci/manifest.ts";
import {
  type GatheredBlob,
  type ManifestReader,
  type Read,
  createManifestReader,
  findPlatform,
} from "./manifest-reader.ts";
import { addReferrers, isWhole, requireWhole } from "./whole-image.ts";

/** An image as a source has it, narrowed to the platforms of the bundle. */
export interface NarrowedImage {
  readonly root: Descriptor;
  readonly parentIndex?: string;
  /** In the order of the platforms asked for; none where it is no image but a chart, an SBOM or another document. */
  readonly platforms: readonly {
    readonly platform: string;
    readonly manifest: Descriptor;
    readonly config: string;
    readonly layers: readonly Descriptor[];
  }[];
  readonly referrers: SourceImage["referrers"];
  readonly blobs: readonly GatheredBlob[];
}

/**
 * Reads the manifests of an image and chooses what of it a bundle carries.
 * @throws PreflightError when a platform is missing; BundleError when a part of one is, or of what refers to it, or its layers are not those of its configuration; BundleError or RegistryError when a manifest is not what its digest says
 */
export async function gatherImage(
  reference: string,
  source: ImageSource,
  found: SourceImage,
  wanted: readonly Platform[],
): Promise<NarrowedImage> {
  const reader = createManifestReader(reference, source);
  const root = await reader.read(found.root);
  const choice =
    root.manifest.kind === "index"
      ? await chooseOfIndex(reader, { descriptor: root.descriptor, manifest: root.manifest }, wanted)
      : await chooseSingle(reader, { descriptor: root.descriptor, manifest: root.manifest }, wanted);
  const complete = choice.root.digest === root.descriptor.digest;
  if (complete) await reader.addAll(choice.root, 0);
  else for (const { manifest } of choice.platforms) await reader.addAll(manifest, 0);
  const referrers = attachedTo(found.referrers, [root.descriptor.digest, ...reader.carried()]);
  await addReferrers(
    reader,
    referrers.map(({ descriptor }) => descriptor),
  );
  return {
    root: choice.root,
    ...(complete ? {} : { parentIndex: root.descriptor.digest }),
    platforms: choice.platforms,
    referrers,
    blobs: reader.blobs(),
  };
}

/**
 * For where only an image will do.
 * @throws PreflightError saying what it is instead
 */
export function requireImage(reference: string, source: Pick<ImageSource, "name">, found: NarrowedImage): void {
  if (found.platforms.length > 0) return;
  const type = found.root.artifactType;
  throw new PreflightError(
    `${reference} from ${source.name} is no image that an engine could run${type === undefined ? "" : `: it is ${type}`}`,
    { hint: "something else was given this name there; name another source with --from" },
  );
}

type Choice = Pick<NarrowedImage, "root" | "platforms">;

/** An index whose every platform is wanted is carried whole; of any other, the manifests of the platforms. */
async function chooseOfIndex(
  reader: ManifestReader,
  index: Read<IndexManifest>,
  wanted: readonly Platform[],
): Promise<Choice> {
  const manifests = await withPlatforms(reader, index.manifest.manifests);
  const selected = selectPlatforms({ manifests }, wanted);
  const offered = manifests.flatMap(({ platform }) =>
    platform === undefined || platform.os === "unknown" ? [] : [platform],
  );
  if (selected.length < wanted.length) {
    if (await listsDocuments(reader, manifests)) return { root: index.descriptor, platforms: [] };
    refusePlatforms(reader, wanted, offered);
  }
  const parts = selected.map((manifest, at) => ({ manifest, platform: formatPlatform(wanted[at] ?? unknown) }));
  await requireWhole(reader, parts);
  const platforms: Choice["platforms"][number][] = [];
  for (const { manifest: child, platform } of parts) {
    const { descriptor, manifest } = await reader.read(child);
    if (manifest.kind === "index") throw reader.toError(descriptor)("is an index inside an index");
    platforms.push(describe(platform, descriptor, manifest));
  }
  const complete = offered.every((platform) => wanted.some((one) => matchesPlatform(platform, one)));
  const primary = platforms[0];
  const carries = primary === undefined || (complete && (await areWhole(reader, manifests, selected)));
  return { root: carries ? index.descriptor : primary.manifest, platforms };
}

/** Whether the rest of an index is there too: attestations are often left behind by a pull. */
async function areWhole(
  reader: ManifestReader,
  manifests: readonly Descriptor[],
  selected: readonly Descriptor[],
): Promise<boolean> {
  for (const manifest of manifests) {
    if (!selected.includes(manifest) && !(await isWhole(reader, manifest))) return false;
  }
  return true;
}

/** Whether an index is of charts, SBOMs and the like alone, which are for every platform. */
async function listsDocuments(reader: ManifestReader, manifests: readonly Descriptor[]): Promise<boolean> {
  for (const child of manifests) {
    if (child.platform !== undefined || isIndexType(child.mediaType)) return false;
    await requireWhole(reader, [{ manifest: child }]);
    const { manifest } = await reader.read(child);
    if (manifest.kind === "index" || (await isImage(reader, manifest))) return false;
  }
  return manifests.length > 0;
}

function isImage(reader: ManifestReader, manifest: ImageManifest): Promise<boolean> {
  return isImageManifest(manifest, () => reader.readBlob(manifest.config));
}

/** Where an index does not say what a manifest is for, its configuration does. */
async function withPlatforms(reader: ManifestReader, manifests: readonly Descriptor[]): Promise<readonly Descriptor[]> {
  const described: Descriptor[] = [];
  for (const manifest of manifests) {
    const known = manifest.platform !== undefined || isIndexType(manifest.mediaType);
    const platform = known ? undefined : await findPlatform(reader, manifest);
    described.push(platform === undefined ? manifest : { ...manifest, platform });
  }
  return described;
}

/** Without an index only the configuration says what the image is for; what is no image is for every platform. */
async function chooseSingle(
  reader: ManifestReader,
  single: Read<ImageManifest>,
  wanted: readonly Platform[],
): Promise<Choice> {
  const { descriptor, manifest } = single;
  await requireWhole(reader, [{ manifest: descriptor }]);
  if (!(await isImage(reader, manifest))) {
    const artifactType = artifactTypeOf(manifest);
    return { root: { ...descriptor, ...(artifactType !== undefined && { artifactType }) }, platforms: [] };
  }
  const offered = configurationPlatform(await reader.readBlob(manifest.config));
  if (offered === undefined) throw reader.toError(manifest.config)("is not a configuration: it is no JSON object");
  // A variant that the configuration leaves out is the usual one of its architecture.
  const fits = wanted.filter((one) => matchesPlatform({ variant: one.variant ?? "", ...offered }, one));
  if (fits.length < wanted.length) refusePlatforms(reader, wanted, [offered]);
  return {
    root: descriptor,
    platforms: fits.map((platform) => describe(formatPlatform(platform), descriptor, manifest)),
  };
}

const unknown: Platform = { os: "unknown", architecture: "unknown" };

function describe(platform: string, descriptor: Descriptor, manifest: ImageManifest) {
  return { platform, manifest: descriptor, config: manifest.config.digest, layers: manifest.layers };
}

function refusePlatforms(
  { reference, source }: ManifestReader,
  wanted: readonly Platform[],
  offered: readonly Platform[],
): never {
  const has = offered.map(formatPlatform).join(", ");
  const lacking = wanted.filter((one) => !offered.some((platform) => matchesPlatform(platform, one)));
  throw new PreflightError(
    `the image ${reference} is not there for ${lacking.map(formatPlatform).join(", ")}: ${source.name} has it for ${has === "" ? "no platform" : has}`,
    { hint: "leave the platform out of --platform, or name a source that has it with --from" },
  );
}
