import { createHash } from "node:crypto";
import { posix } from "node:path";
import { Readable } from "node:stream";
import { BundleError } from "../../errors/installer-error.ts";
import type { ImageSource, ListedImage } from "../../oci/content.ts";
import { type Descriptor, mediaTypes } from "../../oci/descriptor.ts";
import { digestOf, hexOf } from "../../oci/digest.ts";
import { configurationLayers } from "../../oci/image-config.ts";
import { manifestLimit } from "../../oci/manifest.ts";
import { type Reference, formatReference, parseReference } from "../../oci/reference.ts";
import { fullNames, nameImages } from "./image-names.ts";
import { type Packing, packingOf } from "./spool-archive.ts";
import type { LayoutFiles } from "./layout-files.ts";

const listLimit = 64 * 1024 * 1024;

interface SavedImage {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

interface NamedImage extends SavedImage, ListedImage {}

/** Such an archive as a source. */
export interface DockerArchive extends ImageSource {
  /** The manifest of the image with this configuration. */
  findConfig(digest: string): Promise<Descriptor | undefined>;
  /** Whether a manifest was made here: no file of the archive is it. */
  makes(digest: string): boolean;
}

/**
 * An archive of `docker save` in the older form: `manifest.json` names a configuration and layer files. Layers travel as
 * they are there, unpacked, under a manifest made the same way as for images of the engine.
 * @throws BundleError when `manifest.json` is not what it should be
 */
export async function openDockerArchive(files: LayoutFiles, name: string, as?: Reference): Promise<DockerArchive> {
  const listed = (await readList(files, name)).map(toNamed);
  const images = as === undefined ? listed : nameImages(listed, as, name);
  const archive: Archive = { files, name, documents: new Map(), paths: new Map(), packed: new Map() };
  const { documents, paths } = archive;
  return {
    kind: "archive",
    name,
    async resolve(reference) {
      const full = formatReference(parseReference(reference));
      const image = images.findLast(({ references }) => references.includes(full));
      if (image === undefined) return undefined;
      const root = await describe(image, archive);
      return { reference, root, referrers: [] };
    },
    list: () => Promise.resolve(images),
    async findConfig(digest) {
      const image = images.find(({ config }) => config.includes(hexOf(digest)));
      return image === undefined ? undefined : describe(image, archive);
    },
    content: {
      async open(descriptor, range) {
        const document = documents.get(descriptor.digest);
        if (document !== undefined) {
          return Readable.from([document.subarray(range?.start ?? 0, range?.end)]);
        }
        const path = paths.get(descriptor.digest);
        const stream = path === undefined ? undefined : await files.stream(path, range);
        if (stream !== undefined) return stream;
        throw new BundleError(`${name} does not have ${descriptor.digest}`, { hint: "the archive is incomplete" });
      },
      async locate(descriptor) {
        const path = paths.get(descriptor.digest);
        const span = path === undefined ? undefined : await files.locate(path);
        return span === undefined ? undefined : [span];
      },
      async sizeOf(digest) {
        return documents.get(digest)?.length ?? (await files.size(paths.get(digest) ?? ""));
      },
    },
    makes: (digest) => documents.has(digest),
    close: () => files.close(),
  };
}

/** The digest is known once the manifest is made; until then the path of the configuration tells images apart. */
function toNamed(image: SavedImage): NamedImage {
  return { ...image, digest: image.config, references: image.tags.flatMap(fullNames) };
}

interface Archive {
  readonly files: LayoutFiles;
  readonly name: string;
  readonly documents: Map<string, Buffer>;
  readonly paths: Map<string, string>;
  /** Digests of packed layers by path: many images share them, and each is read to its end. */
  readonly packed: Map<string, Promise<string>>;
}

async function describe(image: SavedImage, archive: Archive): Promise<Descriptor> {
  const { files, name, documents, paths } = archive;
  const refuse = (why: string): never => {
    throw new BundleError(`${name}: the image ${image.tags[0] ?? image.config} ${why}`, {
      hint: "the archive is damaged: save it again",
    });
  };
  const config = (await files.read(image.config, manifestLimit)) ?? refuse(`has no configuration ${image.config}`);
  const diffIds = configurationLayers(config) ?? refuse("has a configuration without layers");
  if (diffIds.length !== image.layers.length) refuse("has not as many layers as its configuration says");
  const layers: Descriptor[] = [];
  for (const [at, path] of image.layers.entries()) {
    const size = (await files.size(path)) ?? refuse(`has no layer ${path}`);
    layers.push(await describeLayer({ path, size, diffId: diffIds[at] ?? "" }, archive));
  }
  const configDigest = digestOf(config);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: configDigest, size: config.length },
      layers,
    }),
  );
  documents.set(configDigest, config);
  const root = { mediaType: mediaTypes.ociManifest, digest: digestOf(manifest), size: manifest.length };
  documents.set(root.digest, manifest);
  for (const [at, { digest }] of layers.entries()) paths.set(digest, image.layers[at] ?? "");
  return root;
}

/** A layer file that is packed has another digest than the configuration says, which is of what is in it. */
async function describeLayer(
  { path, size, diffId }: { readonly path: string; readonly size: number; readonly diffId: string },
  archive: Archive,
): Promise<Descriptor> {
  const { files, name, packed } = archive;
  const head = (await files.read(path, 6)) ?? Buffer.alloc(0);
  const packing = packingOf(head);
  if (packing === "none") return { mediaType: mediaTypes.ociLayer, digest: diffId, size };
  const mediaType = layerTypes[packing];
  if (mediaType === undefined) {
    throw new BundleError(`${name}: the layer ${path} is packed by ${packing}, which registries do not take`, {
      hint: "load it into an engine and save it again from there",
    });
  }
  const hashing = packed.get(path) ?? hashFile(path, files);
  packed.set(path, hashing);
  return { mediaType, digest: await hashing, size };
}

async function hashFile(path: string, files: LayoutFiles): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of (await files.stream(path)) ?? []) hash.update(chunk as Buffer);
  return `sha256:${hash.digest("hex")}`;
}

const layerTypes: Partial<Readonly<Record<Packing, string>>> = {
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
};

async function readList(files: LayoutFiles, name: string): Promise<readonly SavedImage[]> {
  const refuse = (why: string): never => {
    throw new BundleError(`manifest.json of ${name} ${why}`, { hint: "the archive is damaged: save it again" });
  };
  const bytes = (await files.read("manifest.json", listLimit)) ?? refuse("is not there");
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString("utf8"));
  } catch {
    return refuse("is not JSON");
  }
  if (!Array.isArray(parsed)) return refuse("is not a list of images");
  return parsed.map((image: unknown) => {
    const { Config: config, RepoTags: tags, Layers: layers } = (image ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof config !== "string" || !isTexts(layers) || !(tags === null || tags === undefined || isTexts(tags))) {
      return refuse("has an image without configuration or layers");
    }
    return { config: posix.normalize(config), tags: tags ?? [], layers: layers.map((path) => posix.normalize(path)) };
  });
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
