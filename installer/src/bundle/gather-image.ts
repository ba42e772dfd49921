import { BundleError, PreflightError } from "../errors/installer-error.ts";
import type { ImageSource, SourceImage } from "../oci/content.ts";
import { type Descriptor, type Platform, formatPlatform, matchesPlatform } from "../oci/descriptor.ts";
import {
  type ImageManifest,
  type IndexManifest,
  type Manifest,
  childrenOf,
  parseManifest,
  selectPlatforms,
} from "../oci/manifest.ts";
import { contentError } from "./content-error.ts";
import { readSmall } from "./read-small.ts";

/** A blob that a bundle is to carry; manifests and configurations that were read are kept. */
export interface GatheredBlob {
  readonly descriptor: Descriptor;
  readonly bytes?: Uint8Array;
}

/** An image as a source has it, narrowed to the platforms of the bundle. */
export interface NarrowedImage {
  readonly root: Descriptor;
  readonly parentIndex?: string;
  /** In the order of the platforms asked for. */
  readonly platforms: readonly {
    readonly platform: string;
    readonly manifest: Descriptor;
    readonly config: string;
    readonly layers: readonly Descriptor[];
  }[];
  readonly referrers: SourceImage["referrers"];
  readonly blobs: readonly GatheredBlob[];
}

/** Deeper nesting is in no image there is. */
const depthLimit = 4;
const manifestsLimit = 512;

/**
 * Reads the manifests of an image and chooses what of it a bundle carries.
 * @throws PreflightError when a platform is missing; BundleError or RegistryError when a manifest is not what its digest says
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
  const carried = new Set([root.descriptor.digest, ...reader.carried()]);
  const referrers = found.referrers.filter(({ subject }) => carried.has(subject));
  for (const { descriptor } of referrers) await reader.addAll(descriptor, 0);
  return {
    root: choice.root,
    ...(complete ? {} : { parentIndex: root.descriptor.digest }),
    platforms: choice.platforms,
    referrers,
    blobs: reader.blobs(),
  };
}

type Choice = Pick<NarrowedImage, "root" | "platforms">;

interface Read<Kind extends Manifest> {
  readonly descriptor: Descriptor;
  readonly manifest: Kind;
}

/** An index whose every platform is wanted is carried whole; of any other, the manifests of the platforms. */
async function chooseOfIndex(
  reader: ManifestReader,
  index: Read<IndexManifest>,
  wanted: readonly Platform[],
): Promise<Choice> {
  const selected = selectPlatforms(index.manifest, wanted);
  const offered = index.manifest.manifests.flatMap(({ platform }) =>
    platform === undefined || platform.os === "unknown" ? [] : [platform],
  );
  if (selected.length < wanted.length) reader.refusePlatforms(wanted, offered);
  const platforms: Choice["platforms"][number][] = [];
  for (const [at, child] of selected.entries()) {
    const { descriptor, manifest } = await reader.read(child);
    if (manifest.kind === "index") throw reader.toError(descriptor)("is an index inside an index");
    platforms.push(describe(wanted[at], descriptor, manifest));
  }
  const complete = offered.every((platform) => wanted.some((one) => matchesPlatform(platform, one)));
  const primary = platforms[0];
  return { root: complete || primary === undefined ? index.descriptor : primary.manifest, platforms };
}

/** Without an index only the configuration says what the image is for. */
async function chooseSingle(
  reader: ManifestReader,
  single: Read<ImageManifest>,
  wanted: readonly Platform[],
): Promise<Choice> {
  const { descriptor, manifest } = single;
  const offered = platformOf(await reader.readBlob(manifest.config), reader.toError(manifest.config));
  // A variant that the configuration leaves out is the usual one of its architecture.
  const fits = wanted.filter((one) => matchesPlatform({ variant: one.variant ?? "", ...offered }, one));
  if (fits.length < wanted.length) reader.refusePlatforms(wanted, [offered]);
  return { root: descriptor, platforms: fits.map((platform) => describe(platform, descriptor, manifest)) };
}

function platformOf(config: Buffer, toError: (problem: string) => Error): Platform {
  let parsed: unknown;
  try {
    parsed = JSON.parse(config.toString("utf8"));
  } catch {
    throw toError("is not a configuration: it is not JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw toError("is not a configuration: it is not an object");
  }
  const { os, architecture, variant } = parsed as Readonly<Record<string, unknown>>;
  return {
    os: typeof os === "string" ? os : "unknown",
    architecture: typeof architecture === "string" ? architecture : "unknown",
    ...(typeof variant === "string" ? { variant } : {}),
  };
}

function describe(platform: Platform | undefined, descriptor: Descriptor, manifest: ImageManifest) {
  return {
    platform: platform === undefined ? "unknown" : formatPlatform(platform),
    manifest: descriptor,
    config: manifest.config.digest,
    layers: manifest.layers,
  };
}

interface ManifestReader {
  read(descriptor: Descriptor): Promise<Read<Manifest>>;
  readBlob(descriptor: Descriptor): Promise<Buffer>;
  /** Carries a manifest and everything it names. */
  addAll(descriptor: Descriptor, depth: number): Promise<void>;
  /** Digests of the manifests carried so far. */
  carried(): readonly string[];
  blobs(): readonly GatheredBlob[];
  toError(descriptor: Descriptor): (problem: string) => Error;
  refusePlatforms(wanted: readonly Platform[], offered: readonly Platform[]): never;
}

function createManifestReader(reference: string, source: ImageSource): ManifestReader {
  const read = new Map<string, { readonly bytes: Buffer; readonly manifest: Manifest }>();
  const small = new Map<string, Buffer>();
  const blobs = new Map<string, GatheredBlob>();
  const manifests: string[] = [];
  const toError = (descriptor: Descriptor) => contentError(source, `${descriptor.digest} of the image ${reference}`);

  const reader: ManifestReader = {
    toError,
    carried: () => manifests,
    blobs: () => [...blobs.values()],
    async read(descriptor) {
      let entry = read.get(descriptor.digest);
      if (entry === undefined) {
        if (read.size >= manifestsLimit) {
          throw new BundleError(`the image ${reference} from ${source.name} has more than ${manifestsLimit} manifests`);
        }
        const bytes = await readSmall(source.content, descriptor, toError(descriptor));
        entry = { bytes, manifest: parseManifest(bytes, toError(descriptor)) };
        read.set(descriptor.digest, entry);
      }
      const { manifest, bytes } = entry;
      return {
        // What the manifest says it is counts: an index elsewhere may say it in other words.
        descriptor: { ...descriptor, mediaType: manifest.mediaType, size: bytes.length },
        manifest,
      };
    },
    async readBlob(descriptor) {
      const bytes = await readSmall(source.content, descriptor, toError(descriptor));
      small.set(descriptor.digest, bytes);
      return bytes;
    },
    async addAll(descriptor, depth) {
      if (depth > depthLimit) throw toError(descriptor)(`nests more than ${depthLimit} indexes`);
      if (blobs.has(descriptor.digest)) return;
      const { descriptor: known, manifest } = await reader.read(descriptor);
      const bytes = read.get(descriptor.digest)?.bytes;
      blobs.set(descriptor.digest, { descriptor: known, ...(bytes !== undefined && { bytes }) });
      manifests.push(descriptor.digest);
      for (const child of childrenOf(manifest)) {
        if (manifest.kind === "index") {
          await reader.addAll(child, depth + 1);
          continue;
        }
        const kept = small.get(child.digest);
        blobs.set(child.digest, { descriptor: child, ...(kept !== undefined && { bytes: kept }) });
      }
    },
    refusePlatforms(wanted, offered) {
      const has = offered.map(formatPlatform).join(", ");
      const lacking = wanted.filter((one) => !offered.some((platform) => matchesPlatform(platform, one)));
      throw new PreflightError(
        `the image ${reference} is not there for ${lacking.map(formatPlatform).join(", ")}: ${source.name} has it for ${has === "" ? "no platform" : has}`,
        { hint: "leave the platform out of --platform, or name a source that has it with --from" },
      );
    },
  };
  return reader;
}
