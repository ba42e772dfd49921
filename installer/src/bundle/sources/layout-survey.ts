import { BundleError } from "../../errors/installer-error.ts";
import type { ImageSource, ListedImage, SourceImage } from "../../oci/content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { artifactTypeOf, isManifestType, type Manifest, parseManifest } from "../../oci/manifest.ts";
import { parseReference } from "../../oci/reference.ts";
import { plainDescriptor } from "../build-bundle-manifest.ts";
import { contentError } from "../content-error.ts";
import { readSmall } from "../read-small.ts";
import { type AttachedEntry, attachSaved, savedKindOf } from "./cosign-save.ts";
import { type Names, namesOf } from "./image-names.ts";

/** An image of a layout. */
export interface LayoutImage extends ListedImage {
  readonly descriptor: Descriptor;
}

export type Referrer = SourceImage["referrers"][number];

export type LayoutSource = Pick<ImageSource, "kind" | "name" | "content">;

/** What a layout holds, told apart. */
export interface LayoutSurvey {
  readonly images: readonly LayoutImage[];
  readonly referrers: readonly Referrer[];
}

/** Tags under which cosign, and regctl after it, keep what belongs to a manifest. */
const digestTag = /^sha256-([0-9a-f]{64})\.\w[\w.-]{0,50}$/;
/** The tag under which what refers to a manifest is listed: OCI distribution 1.1, "Referrers Tag Schema". */
const listTag = /^sha256-([0-9a-f]{64})$/;

/**
 * Tells images from what belongs to them, in every form that tools write: by subject (oras), by tags made of a digest
 * (cosign, regctl, skopeo), by a list under such a tag (regctl), by a kind (`cosign save`).
 * @throws BundleError when a manifest is damaged that has no name, or cannot be told whose it is
 */
export async function surveyLayout(index: readonly Descriptor[], source: LayoutSource): Promise<LayoutSurvey> {
  const images: LayoutImage[] = [];
  const attached: AttachedEntry[] = [];
  const referrers = new Map<string, Referrer>();
  const add = (...found: readonly Referrer[]): void => {
    for (const referrer of found) {
      referrers.set(`${referrer.descriptor.digest} ${referrer.subject} ${referrer.tag ?? ""}`, referrer);
    }
  };
  for (const entry of index) {
    const names = namesOf(entry.annotations);
    const saved = savedKindOf(entry);
    // A tag made of a digest says more than a kind.
    if (saved !== undefined && !digestTag.test(tagOf(names))) {
      attached.push({ entry, ...saved, ...names });
      continue;
    }
    const found = await findReferrers(entry, names, source);
    if (found === undefined) images.push({ descriptor: entry, digest: entry.digest, ...names });
    else add(...found);
  }
  add(...(await attachSaved(attached, images, source)));
  return { images, referrers: [...referrers.values()] };
}

function tagOf({ tag, references }: Names): string {
  const [first] = references;
  return tag ?? (first === undefined ? undefined : parseReference(first).tag) ?? "";
}

/** What an entry is to others; undefined for an image, which refers to nothing. */
async function findReferrers(
  entry: Descriptor,
  names: Names,
  source: LayoutSource,
): Promise<readonly Referrer[] | undefined> {
  const tag = tagOf(names);
  const tagged = digestTag.exec(tag)?.[1];
  if (tagged !== undefined) return [{ descriptor: plainDescriptor(entry), subject: `sha256:${tagged}`, tag }];
  // What is not there is found missing when it is asked for.
  if (!isManifestType(entry.mediaType) || (await source.content.sizeOf?.(entry.digest)) === undefined) return undefined;
  const manifest = await readNamed(entry, names, source);
  if (manifest === undefined) return undefined;
  if (listTag.test(tag) && manifest.kind === "index") {
    // One after the other: a list may be longer than files can be open.
    const listed: Referrer[] = [];
    for (const child of manifest.manifests) {
      const referrer = toReferrer(child, await readEntry(child, source));
      if (referrer !== undefined) listed.push(referrer);
    }
    return listed;
  }
  const referrer = toReferrer(entry, manifest);
  return referrer === undefined ? undefined : [referrer];
}

/** Undefined for a damaged image, which is found so when it is asked for. Without a name it could belong to any image. */
async function readNamed(entry: Descriptor, names: Names, source: LayoutSource): Promise<Manifest | undefined> {
  try {
    return await readEntry(entry, source);
  } catch (error) {
    const isImage = (names.references.length > 0 || names.tag !== undefined) && !listTag.test(tagOf(names));
    if (isImage && error instanceof BundleError) return undefined;
    throw error;
  }
}

function toReferrer(descriptor: Descriptor, manifest: Manifest): Referrer | undefined {
  if (manifest.subject === undefined) return undefined;
  const artifactType = artifactTypeOf(manifest) ?? descriptor.artifactType;
  return {
    descriptor: { ...plainDescriptor(descriptor), ...(artifactType === undefined ? {} : { artifactType }) },
    subject: manifest.subject.digest,
  };
}

/** A manifest of the layout, checked. */
export async function readEntry(descriptor: Descriptor, source: LayoutSource): Promise<Manifest> {
  const toError = contentError(source, `the manifest ${descriptor.digest}`);
  return parseManifest(await readSmall(source.content, descriptor, toError), toError);
}
