import type { Content } from "../../oci/content.ts";
import { type Descriptor, mediaTypes } from "../../oci/descriptor.ts";
import { verifyContent } from "../../oci/digest.ts";
import { artifactTypeOf, childrenOf, type Manifest, manifestLimit, parseManifest } from "../../oci/manifest.ts";
import { parseReference, type Reference } from "../../oci/reference.ts";
import { RegistryError } from "../../errors/installer-error.ts";

/** An image that is served: what a source or a bundle knows of it. */
export interface ServableImage {
  readonly reference: string;
  readonly root: Descriptor;
  /** Manifests that are served by digest besides the root and what hangs on it. */
  readonly also?: readonly Descriptor[];
  readonly referrers: readonly { readonly descriptor: Descriptor; readonly subject: string; readonly tag?: string }[];
}

/** One repository of the served registry. */
export interface ServedRepository {
  /** Root manifest by tag. */
  readonly tags: ReadonlyMap<string, Descriptor>;
  /** Indexes and image manifests by digest. */
  readonly manifests: ReadonlyMap<string, Descriptor>;
  /** Configurations and layers by digest. */
  readonly blobs: ReadonlyMap<string, Descriptor>;
  /** Manifests that refer to a manifest, by its digest. */
  readonly referrers: ReadonlyMap<string, readonly Descriptor[]>;
}

/** What is served, by repository name. */
export interface ServedImages {
  /** Names as the catalogue lists them, sorted. */
  readonly names: readonly string[];
  /** Undefined when there is none of this name; `host` is what a mirror's client says it would ask itself. */
  find(name: string, host?: string): ServedRepository | undefined;
}

interface OpenRepository {
  readonly tags: Map<string, Descriptor>;
  readonly manifests: Map<string, Descriptor>;
  readonly blobs: Map<string, Descriptor>;
  readonly referrers: Map<string, Descriptor[]>;
}

/** More in one image is not an image. */
const mostManifests = 1000;

/**
 * Reads the manifests of the images and sorts everything by repository. Blobs are not touched.
 * @param isThere of an index that was not narrowed, only some manifests are there
 * @throws RegistryError naming a manifest that is damaged
 */
export async function indexImages(
  images: readonly ServableImage[],
  content: Content,
  isThere: (digest: string) => boolean,
): Promise<ServedImages> {
  const repositories = new Map<string, OpenRepository>();
  const manifests = new Map<string, Promise<Manifest>>();
  const read = (descriptor: Descriptor): Promise<Manifest> => {
    const known = manifests.get(descriptor.digest) ?? readManifest(descriptor, content);
    manifests.set(descriptor.digest, known);
    return known;
  };
  for (const image of images) {
    const reference = parseReference(image.reference);
    const key = `${reference.host}/${reference.repository}`;
    const repository = repositories.get(key) ?? emptyRepository();
    repositories.set(key, repository);
    if (reference.tag !== undefined) repository.tags.set(reference.tag, image.root);
    for (const manifest of [image.root, ...(image.also ?? [])]) await addManifest(repository, manifest, read, isThere);
    for (const { descriptor, tag } of image.referrers) {
      await addManifest(repository, descriptor, read, isThere);
      if (tag !== undefined) repository.tags.set(tag, descriptor);
      addReferrer(repository, descriptor, await read(descriptor));
    }
  }
  return byName(repositories);
}

function emptyRepository(): OpenRepository {
  return { tags: new Map(), manifests: new Map(), blobs: new Map(), referrers: new Map() };
}

/** Lists what has a subject; what is found by a tag alone refers to nothing. Type and annotations are the manifest's. */
function addReferrer({ referrers }: OpenRepository, descriptor: Descriptor, manifest: Manifest): void {
  const subject = manifest.subject?.digest;
  const known = subject === undefined ? undefined : (referrers.get(subject) ?? []);
  if (subject === undefined || known?.some(({ digest }) => digest === descriptor.digest) === true) return;
  const artifactType = artifactTypeOf(manifest) ?? descriptor.artifactType;
  const { annotations } = manifest;
  const listed = {
    ...descriptor,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  referrers.set(subject, [...(known ?? []), listed]);
}

async function addManifest(
  repository: OpenRepository,
  descriptor: Descriptor,
  read: (descriptor: Descriptor) => Promise<Manifest>,
  isThere: (digest: string) => boolean,
): Promise<void> {
  if (repository.manifests.has(descriptor.digest)) return;
  if (repository.manifests.size >= mostManifests) {
    throw new RegistryError(`${descriptor.digest} belongs to an image of more than ${mostManifests} manifests`);
  }
  repository.manifests.set(descriptor.digest, descriptor);
  const manifest = await read(descriptor);
  for (const child of childrenOf(manifest)) {
    if (manifest.kind === "image") repository.blobs.set(child.digest, child);
    else if (isThere(child.digest)) await addManifest(repository, child, read, isThere);
  }
}

/**
 * The bytes of a manifest, checked.
 * @throws RegistryError when they are not what the descriptor says
 */
export async function readManifestBytes(descriptor: Descriptor, content: Content): Promise<Buffer> {
  const toError = (problem: string): Error => new RegistryError(`the manifest ${descriptor.digest} ${problem}`);
  if (descriptor.size > manifestLimit) throw toError(`says it has ${descriptor.size} bytes, more than any manifest`);
  const chunks: Buffer[] = [];
  const checked = verifyContent(descriptor, toError);
  const bytes = await content.open(descriptor);
  bytes.on("error", (error) => checked.destroy(error));
  for await (const chunk of bytes.pipe(checked)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function readManifest(descriptor: Descriptor, content: Content): Promise<Manifest> {
  const bytes = await readManifestBytes(descriptor, content);
  return parseManifest(bytes, (problem) => new RegistryError(`the manifest ${descriptor.digest} ${problem}`));
}

function byName(repositories: ReadonlyMap<string, ServedRepository>): ServedImages {
  const found = new Map<string, ServedRepository>();
  const names: string[] = [];
  for (const [key, repository] of repositories) {
    const variants = namesOf(parseReference(key));
    const free = variants.filter((name) => !found.has(name));
    for (const name of free) found.set(name, repository);
    names.push(free[0] ?? key);
  }
  return {
    names: names.sort(),
    find: (name, host) =>
      (host === undefined ? undefined : found.get(servedName({ host, repository: name }))) ?? found.get(name),
  };
}

/** The name that no other repository has: with the host, its port after a dash, as a path cannot have a colon. */
export function servedName({ host, repository }: Pick<Reference, "host" | "repository">): string {
  return `${host
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, "-")
    .replaceAll(/^-|-$/g, "")}/${repository}`;
}

/** The familiar name first: `slipway/postgres`, `redis`, `quay.io/team/tool`. */
function namesOf(reference: Reference): readonly string[] {
  const { host, repository } = reference;
  const full = servedName(reference);
  if (host !== "docker.io") return [full, repository];
  const short = repository.replace(/^library\//, "");
  return [...new Set([short, repository, full, `${host}/${short}`])];
}

/** Media type of a manifest as it is answered; a descriptor may leave it empty. */
export function manifestType(descriptor: Descriptor): string {
  return descriptor.mediaType === "" ? mediaTypes.ociManifest : descriptor.mediaType;
}
