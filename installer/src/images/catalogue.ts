import { parse } from "yaml";
import { InternalError } from "../errors/installer-error.ts";
import type { Fields } from "../language/fields.ts";

/** Every image Slipway uses, as `images/catalogue.yaml` states it. */
export interface Catalogue {
  /** First part of the names of our images, `<repository>/<name>:<tag>`. */
  readonly repository: string;
  readonly debian: DebianBase;
  readonly images: Readonly<Record<string, CatalogueImage>>;
}

export interface DebianBase {
  readonly suite: string;
  readonly image: string;
}

export type CatalogueImage = OwnImage | ThirdPartyImage;

interface Described {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly licenses: string;
  readonly upstream?: string;
}

/** An image made from `images/<name>/`; an internal one is needed to make others and is never shipped. */
export interface OwnImage extends Described {
  readonly kind: "built" | "internal";
  /** Build argument of a FROM line to the image it stands for; `debian` is the Debian base. */
  readonly from: Readonly<Record<string, string>>;
  readonly pins: Readonly<Record<string, string>>;
  readonly contexts: readonly GeneratedContext[];
  /** Typical seconds of a build; only the ratios matter. */
  readonly seconds: number;
}

/** What is made into the build context besides the files of the image's folder. */
export type GeneratedContext = "toolbox";

export interface ThirdPartyImage extends Described {
  readonly kind: "third-party";
  readonly reference: string;
  /** `sha256:…`, or `unresolved` with the reason. */
  readonly digest: string;
  readonly reason?: string;
}

/** The name under which the FROM lines ask for the Debian base; not an image of the catalogue. */
export const debianName = "debian";

/**
 * Reads the catalogue and checks that it is whole.
 * @throws InternalError when the file, which we ship, is not a catalogue
 */
export function parseCatalogue(text: string): Catalogue {
  const document = record(parse(text), "the catalogue");
  if (document["version"] !== 1) throw new InternalError("the image catalogue has an unknown version");
  const debian = record(document["debian"], "debian");
  const images: Record<string, CatalogueImage> = {};
  for (const [name, value] of Object.entries(record(document["images"], "images"))) {
    images[name] = parseImage(name, record(value, name));
  }
  for (const image of Object.values(images)) checkSources(image, images);
  return {
    repository: string(document, "repository", "the catalogue"),
    debian: { suite: string(debian, "suite", "debian"), image: string(debian, "image", "debian") },
    images,
  };
}

/**
 * The image of ours with this name.
 * @throws InternalError when there is none
 */
export function ownImage(catalogue: Catalogue, name: string): OwnImage {
  const image = catalogue.images[name];
  if (image === undefined || image.kind === "third-party") throw new InternalError(`no image of ours is named ${name}`);
  return image;
}

export function isOwn(image: CatalogueImage): image is OwnImage {
  return image.kind !== "third-party";
}

function parseImage(name: string, fields: Fields): CatalogueImage {
  const described = {
    name,
    title: string(fields, "title", name),
    version: string(fields, "version", name),
    licenses: string(fields, "licenses", name),
    ...(fields["upstream"] === undefined ? {} : { upstream: string(fields, "upstream", name) }),
  };
  const kind = string(fields, "kind", name);
  if (kind === "third-party") {
    const digest = string(fields, "digest", name);
    if (digest === "unresolved" && fields["reason"] === undefined) {
      throw new InternalError(`image ${name}: an unresolved digest needs a reason`);
    }
    return {
      ...described,
      kind,
      reference: string(fields, "reference", name),
      digest,
      ...(fields["reason"] === undefined ? {} : { reason: string(fields, "reason", name) }),
    };
  }
  if (kind !== "built" && kind !== "internal") throw new InternalError(`image ${name}: unknown kind ${kind}`);
  return {
    ...described,
    kind,
    from: strings(fields["from"], `${name}.from`),
    pins: strings(fields["pins"], `${name}.pins`),
    contexts: contexts(fields["contexts"], name),
    seconds: Number(fields["seconds"]) || 10,
  };
}

function checkSources(image: CatalogueImage, images: Readonly<Record<string, CatalogueImage>>): void {
  if (!isOwn(image)) return;
  for (const source of Object.values(image.from)) {
    const known = images[source];
    if (source !== debianName && (known === undefined || !isOwn(known))) {
      throw new InternalError(`image ${image.name} is made from ${source}, which is not an image of ours`);
    }
  }
}

function contexts(value: unknown, name: string): readonly GeneratedContext[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.some((context) => context !== "toolbox")) {
    throw new InternalError(`image ${name}: unknown contexts`);
  }
  return ["toolbox"];
}

function record(value: unknown, where: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InternalError(`image catalogue: ${where} is not a mapping`);
  }
  return value as Fields;
}

function string(fields: Fields, key: string, where: string): string {
  const value = fields[key];
  if (typeof value !== "string" || value === "") throw new InternalError(`image catalogue: ${where}.${key} is missing`);
  return value;
}

function strings(value: unknown, where: string): Readonly<Record<string, string>> {
  const fields = record(value, where);
  return Object.fromEntries(Object.keys(fields).map((key) => [key, string(fields, key, where)]));
}
