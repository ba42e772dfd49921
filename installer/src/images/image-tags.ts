import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { InternalError } from "../errors/installer-error.ts";
import { compareText } from "../language/compare-text.ts";
import { type Catalogue, type OwnImage, debianName, isOwn, parseCatalogue } from "./catalogue.ts";
import { type InputFile, readInputFile, sha256 } from "./input-file.ts";
import { readToolboxInputs } from "./toolbox-inputs.ts";

/** Everything that decides what an image holds. */
export interface ImageInputs {
  readonly files: readonly InputFile[];
  readonly pins: Readonly<Record<string, string>>;
  /** FROM build argument to the tag (or, for the Debian base, the reference) behind it. */
  readonly from: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** The tag of an image of ours: the first 16 hex digits of a hash over everything that goes into it. */
export function imageTag(name: string, inputs: ImageInputs): string {
  const canonical = JSON.stringify([
    name,
    [...inputs.files]
      .sort((a, b) => compareText(a.path, b.path))
      .map((file) => [file.path, file.executable, file.sha256]),
    sorted(inputs.pins),
    sorted(inputs.from),
    sorted(inputs.labels),
  ]);
  return sha256(canonical).slice(0, 16);
}

/** The labels every image of ours carries, apart from its own tag. */
export function imageLabels(image: OwnImage): Readonly<Record<string, string>> {
  return {
    "org.opencontainers.image.title": image.title,
    "org.opencontainers.image.version": image.version,
    "org.opencontainers.image.licenses": image.licenses,
    "org.opencontainers.image.vendor": "Slipway",
    ...(image.upstream === undefined ? {} : { "org.opencontainers.image.source": image.upstream }),
  };
}

/**
 * Computes the tags of all our images from the sources below `repoRoot`.
 * @throws InternalError when the catalogue is broken
 */
export async function computeImageTags(repoRoot: string): Promise<Readonly<Record<string, string>>> {
  const catalogue = parseCatalogue(await readFile(join(repoRoot, "images/catalogue.yaml"), "utf8"));
  const files: Record<string, readonly InputFile[]> = {};
  for (const image of Object.values(catalogue.images).filter(isOwn)) {
    const own = await readInputFiles(join(repoRoot, "images", image.name));
    files[image.name] = image.contexts.includes("toolbox") ? [...own, ...(await readToolboxInputs(repoRoot))] : own;
  }
  return tagAll(catalogue, files);
}

/** The tags of all our images, given their files; an image's tag includes those of the images it is made from. */
export function tagAll(
  catalogue: Catalogue,
  files: Readonly<Record<string, readonly InputFile[]>>,
): Readonly<Record<string, string>> {
  const tags: Record<string, string> = {};
  const pending = new Set<string>();
  function tagOf(name: string): string {
    if (name === debianName) return catalogue.debian.image;
    const known = tags[name];
    if (known !== undefined) return known;
    const image = catalogue.images[name];
    if (image === undefined || !isOwn(image)) throw new InternalError(`no image of ours is named ${name}`);
    if (pending.has(name)) throw new InternalError(`image ${name} is made from itself`);
    pending.add(name);
    const from = Object.fromEntries(Object.entries(image.from).map(([arg, source]) => [arg, tagOf(source)]));
    const tag = imageTag(name, { files: files[name] ?? [], pins: image.pins, from, labels: imageLabels(image) });
    tags[name] = tag;
    return tag;
  }
  for (const image of Object.values(catalogue.images)) if (isOwn(image)) tagOf(image.name);
  return Object.fromEntries(
    Object.keys(tags)
      .sort(compareText)
      .map((name) => [name, tagOf(name)]),
  );
}

async function readInputFiles(folder: string): Promise<readonly InputFile[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return await Promise.all(files.map((file) => readInputFile(file, file.slice(folder.length + 1))));
}

function sorted(values: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(values).sort(([a], [b]) => compareText(a, b));
}
