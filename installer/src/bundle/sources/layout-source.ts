import { BundleError } from "../../errors/installer-error.ts";
import { attachedTo } from "../../oci/attached.ts";
import type { ImageSource } from "../../oci/content.ts";
import { type Descriptor, type Platform, formatPlatform } from "../../oci/descriptor.ts";
import { hexOf } from "../../oci/digest.ts";
import { manifestLimit, parseManifest, selectPlatforms } from "../../oci/manifest.ts";
import { type Reference, formatReference, parseReference } from "../../oci/reference.ts";
import type { BulkFiles } from "../../platform/content-ports.ts";
import { createManifestReader, findPlatform } from "../manifest-reader.ts";
import { nameImages } from "./image-names.ts";
import { type LayoutFiles, folderFiles } from "./layout-files.ts";
import { type LayoutImage, type LayoutSource, surveyLayout } from "./layout-survey.ts";

/** An OCI layout that holds this many images is none. */
const entriesLimit = 50_000;

export interface LayoutOptions {
  readonly kind: "layout" | "archive";
  /** For people: `the OCI layout /media/usb`. */
  readonly name: string;
  /** What images without a name are called. */
  readonly as?: Reference;
}

/**
 * An OCI layout in a folder.
 * @throws BundleError when the folder is not a layout
 */
export function openLayoutFolder(folder: string, bulk: BulkFiles, as?: Reference): Promise<ImageSource> {
  const name = `the OCI layout ${folder}`;
  return openLayout(folderFiles(folder, bulk), { kind: "layout", name, ...(as !== undefined && { as }) });
}

/**
 * An OCI layout wherever its files are: OCI image layout specification 1.1.
 * @throws BundleError when it is not one; when an image is looked for, UsageError where `as` does not fit
 */
export async function openLayout(files: LayoutFiles, { kind, name, as }: LayoutOptions): Promise<ImageSource> {
  const index = await readIndex(files, name);
  const pathOf = (digest: string): string => `blobs/sha256/${hexOf(digest)}`;
  const required = <T>(found: T | undefined, { digest }: Descriptor): T => {
    if (found !== undefined) return found;
    throw new BundleError(`${name} does not have ${digest}`, {
      hint: "the layout is incomplete: copy it again, with all platforms of its images",
    });
  };
  const source: LayoutSource = {
    kind,
    name,
    content: {
      open: async (descriptor, range) => required(await files.stream(pathOf(descriptor.digest), range), descriptor),
      read: async (descriptor, limit) => required(await files.read(pathOf(descriptor.digest), limit), descriptor),
      async locate(descriptor) {
        const span = await files.locate(pathOf(descriptor.digest));
        return span === undefined ? undefined : [span];
      },
      sizeOf: (digest) => files.size(pathOf(digest)),
    },
  };
  const survey = once(async () => {
    const found = await surveyLayout(index, source);
    return as === undefined ? found : { ...found, images: nameImages(found.images, as, name) };
  });
  return {
    ...source,
    async resolve(reference, platforms) {
      const { images, referrers } = await survey();
      const root = await select(reference, { images, platforms, source });
      if (root === undefined) return undefined;
      return { reference, root, referrers: attachedTo(referrers, await subjectsOf(reference, root, source)) };
    },
    list: async () => (await survey()).images,
    close: () => files.close(),
  };
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}

async function readIndex(files: LayoutFiles, name: string): Promise<readonly Descriptor[]> {
  const refuse = (why: string): never => {
    throw new BundleError(`${name} is not an OCI layout: ${why}`, {
      hint: "name the folder that has oci-layout, index.json and blobs in it",
    });
  };
  if ((await files.size("oci-layout")) === undefined) refuse("it has no file oci-layout");
  const bytes = await files.read("index.json", manifestLimit + 1);
  if (bytes === undefined) return refuse("it has no file index.json");
  const manifest = parseManifest(
    bytes,
    (problem) => new BundleError(`index.json of ${name} ${problem}`, { hint: "copy the layout again" }),
  );
  if (manifest.kind !== "index") return refuse("its index.json is not an index");
  if (manifest.manifests.length > entriesLimit) refuse(`it names more than ${entriesLimit} manifests`);
  return manifest.manifests;
}

interface Search {
  readonly images: readonly LayoutImage[];
  readonly platforms: readonly Platform[];
  readonly source: LayoutSource;
}

/** The entry with this name; of several, the one for the platform asked for first, and of those the one written last. */
async function select(reference: string, { images, platforms, source }: Search): Promise<Descriptor | undefined> {
  const wanted = parseReference(reference);
  const full = formatReference(wanted);
  const named = images.filter(({ digest, references }) =>
    wanted.digest === undefined ? references.includes(full) : digest === wanted.digest,
  );
  const unique = new Map(named.map(({ digest, descriptor }) => [digest, descriptor]));
  if (unique.size <= 1) return [...unique.values()][0];
  const reader = createManifestReader(reference, source);
  const byPlatform = new Map<string, Descriptor>();
  for (const descriptor of unique.values()) {
    const platform = descriptor.platform ?? (await findPlatform(reader, descriptor));
    byPlatform.set(platform === undefined ? "" : formatPlatform(platform), {
      ...descriptor,
      ...(platform !== undefined && { platform }),
    });
  }
  const manifests = [...byPlatform.values()];
  return selectPlatforms({ manifests }, platforms.slice(0, 1))[0] ?? manifests[0];
}

/** The image's own manifests. */
async function subjectsOf(reference: string, root: Descriptor, source: LayoutSource): Promise<ReadonlySet<string>> {
  const { manifest } = await createManifestReader(reference, source).read(root);
  return new Set([root.digest, ...(manifest.kind === "index" ? manifest.manifests.map(({ digest }) => digest) : [])]);
}
