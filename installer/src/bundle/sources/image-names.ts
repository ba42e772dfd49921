import { UsageError } from "../../errors/installer-error.ts";
import type { ListedImage } from "../../oci/content.ts";
import { isDigest } from "../../oci/digest.ts";
import { listTexts } from "../../language/list-texts.ts";
import { type Reference, formatReference, parseReference } from "../../oci/reference.ts";

export type Names = Pick<ListedImage, "references" | "tag">;

const containerdName = "io.containerd.image.name";
const refName = "org.opencontainers.image.ref.name";
/** The name of an image at Zarf; elsewhere that of the image which one was built on. */
const baseName = "org.opencontainers.image.base.name";

/**
 * What an entry of an OCI layout is called. The standard's `ref.name` is a tag alone as oras, regctl and skopeo write it:
 * no name of an image, which only containerd's annotation or a whole reference is.
 */
export function namesOf(annotations: Readonly<Record<string, string>> = {}): Names {
  const { [containerdName]: whole, [refName]: named, [baseName]: base } = annotations;
  const isTag = named !== undefined && /^\w[\w.-]{0,127}$/.test(named);
  const texts = [whole, isTag ? undefined : named];
  const references = [...new Set(texts.flatMap(fullNames))];
  if (references.length > 0) return { references, ...(isTag && { tag: named }) };
  return isTag ? { references, tag: named } : { references: named === undefined ? fullNames(base) : [] };
}

/** A name in full, with the tag that is meant where none is written; none for what names nothing, as `<none>:<none>`. */
export function fullNames(text: string | undefined): readonly string[] {
  if (text === undefined || isDigest(text)) return [];
  try {
    const { tag, digest, ...place } = parseReference(text);
    const meant = tag ?? (digest === undefined ? "latest" : undefined);
    return [
      formatReference({
        ...place,
        ...(meant !== undefined && { tag: meant }),
        ...(digest !== undefined && { digest }),
      }),
    ];
  } catch {
    return [];
  }
}

/**
 * What a person calls images that have no name of their own.
 * @throws UsageError for what is no name
 */
export function parseGivenName(text: string): Reference {
  const given = parseReference(text);
  if (given.digest === undefined) return given;
  throw new UsageError(`--as ${text} has a digest, which is no part of a name`, {
    hint: "write --as NAME:TAG, or NAME",
  });
}

/**
 * Names the images that have no name: the one meant by a name with a tag, or each by its tag and a name without one.
 * @throws UsageError where that names none, or more than one
 */
export function nameImages<Image extends ListedImage>(
  images: readonly Image[],
  given: Reference,
  where: string,
): readonly Image[] {
  const nameless = images.filter(({ references }) => references.length === 0);
  const as = `--as ${formatReference(given)}`;
  if (nameless.length === 0) {
    throw new UsageError(`${as} names nothing: every image of ${where} has a name`, {
      hint: `leave --as out; there is ${listNames(images)}`,
    });
  }
  const meant = given.tag === undefined ? withTags(nameless, as, where) : theOne(nameless, given.tag, { as, where });
  return images.map((image) => {
    const tag = given.tag ?? image.tag;
    if (!meant.includes(image) || tag === undefined) return image;
    const name = formatReference({ ...given, tag });
    refuseTaken(name, image, images, { as, where });
    return { ...image, references: [name] };
  });
}

/** Which of two images of one name is meant, nobody could tell. */
function refuseTaken(name: string, image: ListedImage, images: readonly ListedImage[], { as, where }: Told): void {
  const holder = images.find(({ references, digest }) => references.includes(name) && digest !== image.digest);
  if (holder === undefined) return;
  throw new UsageError(`${as} gives ${image.digest} the name ${name}, which ${holder.digest} in ${where} has already`, {
    hint: "write another name or tag, or leave --as out for the one that has the name",
  });
}

interface Told {
  /** `--as docker.io/corp/app:1.0`. */
  readonly as: string;
  readonly where: string;
}

function withTags<Image extends ListedImage>(nameless: readonly Image[], as: string, where: string): readonly Image[] {
  const tagged = nameless.filter(({ tag }) => tag !== undefined);
  if (tagged.length > 0) return tagged;
  throw new UsageError(`${as} has no tag, and the image in ${where} has none either`, { hint: `write ${as}:TAG` });
}

function theOne<Image extends ListedImage>(nameless: readonly Image[], tag: string, told: Told): readonly Image[] {
  const same = nameless.filter((image) => image.tag === tag);
  const meant = same.length > 0 ? same : nameless;
  if (new Set(meant.map(({ digest }) => digest)).size === 1) return meant;
  throw new UsageError(`${told.as} could be any of the images in ${told.where}: ${listNames(meant)}`, {
    hint: meant.some((image) => image.tag !== undefined)
      ? "write --as NAME without a tag, which names each by its own tag, or the tag of one of them"
      : "copy the one that is meant to a layout or an archive of its own, or give each a name there",
  });
}

/** Images as they are told to people: by name, else by tag, else by digest. */
export function listNames(images: readonly ListedImage[]): string {
  const names = [...new Set(images.map(({ references, tag, digest }) => references[0] ?? tag ?? digest))];
  return listTexts(names);
}
