import { BundleError } from "../errors/installer-error.ts";
import type { ImageSource } from "../oci/content.ts";
import type { Descriptor, Platform } from "../oci/descriptor.ts";
import { configurationPlatform, hasImageConfig } from "../oci/image-config.ts";
import { type Manifest, childrenOf, parseManifest } from "../oci/manifest.ts";
import { contentError } from "./content-error.ts";
import { readSmall } from "./read-small.ts";

/** A blob that a bundle is to carry; manifests and configurations that were read are kept. */
export interface GatheredBlob {
  readonly descriptor: Descriptor;
  readonly bytes?: Uint8Array;
}

/** A manifest with its descriptor, whose media type and size are those of the document. */
export interface Read<Kind extends Manifest> {
  readonly descriptor: Descriptor;
  readonly manifest: Kind;
}

export type ManifestSource = Pick<ImageSource, "kind" | "name" | "content">;

/** Reads the manifests and configurations of one image, each once, and keeps count of what of them is carried. */
export interface ManifestReader {
  readonly reference: string;
  readonly source: ManifestSource;
  /** @throws BundleError, RegistryError when it is not there, or not what its digest says */
  read(descriptor: Descriptor): Promise<Read<Manifest>>;
  /** A configuration. */
  readBlob(descriptor: Descriptor): Promise<Buffer>;
  /** What is wrong with a blob as far as that shows without reading it: `does not have sha256:…`. */
  lack(descriptor: Descriptor): Promise<string | undefined>;
  /** Carries a manifest and everything it names. */
  addAll(descriptor: Descriptor, depth: number): Promise<void>;
  /** Digests of the manifests carried so far. */
  carried(): readonly string[];
  blobs(): readonly GatheredBlob[];
  toError(descriptor: Descriptor): (problem: string) => Error;
}

/** Deeper nesting is in no image there is. */
const depthLimit = 4;
const manifestsLimit = 512;

/** A reader of what a source has under a reference. */
export function createManifestReader(reference: string, source: ManifestSource): ManifestReader {
  const read = new Map<string, { readonly bytes: Buffer; readonly manifest: Manifest }>();
  const small = new Map<string, Buffer>();
  const blobs = new Map<string, GatheredBlob>();
  const manifests = new Set<string>();
  const toError = (descriptor: Descriptor) => contentError(source, `${descriptor.digest} of the image ${reference}`);

  const reader: ManifestReader = {
    reference,
    source,
    toError,
    carried: () => [...manifests],
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
      const bytes = small.get(descriptor.digest) ?? (await readSmall(source.content, descriptor, toError(descriptor)));
      small.set(descriptor.digest, bytes);
      return bytes;
    },
    async lack({ digest, size }) {
      const { sizeOf } = source.content;
      if (sizeOf === undefined || read.has(digest) || small.has(digest)) return undefined;
      const found = await sizeOf(digest);
      if (found === size) return undefined;
      return found === undefined
        ? `${source.name} does not have ${digest}`
        : `${digest} in ${source.name} has ${found} bytes and should have ${size}`;
    },
    async addAll(descriptor, depth) {
      if (depth > depthLimit) throw toError(descriptor)(`nests more than ${depthLimit} indexes`);
      if (manifests.has(descriptor.digest)) return;
      const { descriptor: known, manifest } = await reader.read(descriptor);
      const bytes = read.get(descriptor.digest)?.bytes;
      blobs.set(descriptor.digest, { descriptor: known, ...(bytes !== undefined && { bytes }) });
      manifests.add(descriptor.digest);
      for (const child of childrenOf(manifest)) {
        if (manifest.kind === "index") {
          await reader.addAll(child, depth + 1);
          continue;
        }
        // A layer may be what is a manifest elsewhere.
        if (manifests.has(child.digest)) continue;
        const kept = small.get(child.digest);
        blobs.set(child.digest, { descriptor: child, ...(kept !== undefined && { bytes: kept }) });
      }
    },
  };
  return reader;
}

/** What an image is for by its configuration; undefined for what is no image, or not there. */
export async function findPlatform(reader: ManifestReader, descriptor: Descriptor): Promise<Platform | undefined> {
  if ((await reader.lack(descriptor)) !== undefined) return undefined;
  const { manifest } = await reader.read(descriptor);
  if (manifest.kind === "index" || !hasImageConfig(manifest)) return undefined;
  if ((await reader.lack(manifest.config)) !== undefined) return undefined;
  return configurationPlatform(await reader.readBlob(manifest.config));
}
