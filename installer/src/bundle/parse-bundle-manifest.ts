import type { Fields } from "../language/fields.ts";
import { type Descriptor, parsePlatform } from "../oci/descriptor.ts";
import { isDigest } from "../oci/digest.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import { BundleError } from "../errors/installer-error.ts";
import type { BundledArtifact, BundledImage, BundleManifest } from "./bundle-manifest.ts";

/** Larger root documents are refused. */
export const bundleManifestLimit = 16 * 1024 * 1024;

const mostItems = 10_000;
const longestText = 16_384;

/**
 * Reads `bundle.json`. Every field is checked, in kind and in length; fields that are not known are refused, because a
 * bundle of a newer kind may mean something by them.
 * @param name what is read, for the error
 * @throws BundleError naming the field otherwise
 */
export function parseBundleManifest(bytes: Uint8Array, name: string): BundleManifest {
  if (bytes.length > bundleManifestLimit)
    throw new BundleError(`${name} is ${bytes.length} bytes, more than is allowed`);
  const reader = new FieldReader(name);
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return reader.refuse("", "is not JSON");
  }
  const root = reader.record(parsed, "", rootKeys);
  if (root["apiVersion"] !== "slipway/v1" || root["kind"] !== "Bundle") {
    return reader.refuse("kind", "is not Bundle of slipway/v1; a newer slipway may read it");
  }
  const { content } = root;
  if (content !== "full" && content !== "delta") return reader.refuse("content", "is neither full nor delta");
  const platforms = reader.list(root["platforms"], "platforms", (item, at) => reader.platform(item, at));
  if (platforms.length === 0) return reader.refuse("platforms", "is empty");
  if (
    (content === "delta") !== (root["base"] !== undefined) ||
    (content === "delta") !== (root["full"] !== undefined)
  ) {
    return reader.refuse("base", "belongs in a delta, with full, and nowhere else");
  }
  const texts = (key: string): readonly string[] => reader.list(root[key], key, (item, at) => reader.text(item, at));
  const manifest: BundleManifest = {
    apiVersion: "slipway/v1",
    kind: "Bundle",
    name: reader.text(root["name"], "name"),
    version: reader.text(root["version"], "version"),
    profiles: texts("profiles"),
    ...(root["without"] !== undefined && { without: texts("without") }),
    platforms,
    content,
    ...(root["base"] !== undefined && { base: readBase(root["base"], reader) }),
    ...(root["full"] !== undefined && {
      full: { root: reader.digest(reader.record(root["full"], "full", ["root"])["root"], "full.root") },
    }),
    checksums: reader.digest(root["checksums"], "checksums"),
    requires: readRequires(root["requires"], reader),
    images: reader.list(root["images"], "images", (item, at) => readImage(item, at, reader)),
    artifacts: reader.list(root["artifacts"], "artifacts", (item, at) => readArtifact(item, at, reader)),
    blobBytes: reader.size(root["blobBytes"], "blobBytes"),
  };
  refuseTwice(manifest, reader);
  return manifest;
}

const rootKeys = [
  "apiVersion",
  "kind",
  "name",
  "version",
  "profiles",
  "without",
  "platforms",
  "content",
  "base",
  "full",
  "checksums",
  "requires",
  "images",
  "artifacts",
  "blobBytes",
];

/** The same image under two names is the same image; two images under one name are an attempt to confuse. */
function refuseTwice(manifest: BundleManifest, reader: FieldReader): void {
  const roots = new Map<string, string>();
  for (const { reference, root } of manifest.images) {
    const other = roots.get(reference);
    if (other !== undefined && other !== root.digest) reader.refuse("images", `has two for ${reference}`);
    roots.set(reference, root.digest);
  }
}

function readBase(value: unknown, reader: FieldReader): NonNullable<BundleManifest["base"]> {
  const fields = reader.record(value, "base", ["root", "name", "version"]);
  return {
    root: reader.digest(fields["root"], "base.root"),
    name: reader.text(fields["name"], "base.name"),
    version: reader.text(fields["version"], "base.version"),
  };
}

function readRequires(value: unknown, reader: FieldReader): BundleManifest["requires"] {
  const fields = reader.record(value, "requires", ["previous", "freeBytes", "engine"]);
  return {
    previous: reader.list(fields["previous"], "requires.previous", (item, at) => reader.text(item, at)),
    freeBytes: reader.size(fields["freeBytes"], "requires.freeBytes"),
    engine: reader.text(fields["engine"], "requires.engine"),
  };
}

function readImage(value: unknown, at: string, reader: FieldReader): BundledImage {
  const keys = ["name", "reference", "root", "parentIndex", "platforms", "licenses", "reasons", "sbom", "referrers"];
  const fields = reader.record(value, at, keys);
  return {
    name: reader.text(fields["name"], `${at}.name`),
    reference: reader.reference(fields["reference"], `${at}.reference`),
    root: reader.descriptor(fields["root"], `${at}.root`),
    ...(fields["parentIndex"] !== undefined && {
      parentIndex: reader.digest(fields["parentIndex"], `${at}.parentIndex`),
    }),
    platforms: reader.list(fields["platforms"], `${at}.platforms`, (item, place) => {
      const platform = reader.record(item, place, ["platform", "manifest", "config"]);
      return {
        platform: reader.platform(platform["platform"], `${place}.platform`),
        manifest: reader.descriptor(platform["manifest"], `${place}.manifest`),
        config: reader.digest(platform["config"], `${place}.config`),
      };
    }),
    licenses: reader.text(fields["licenses"], `${at}.licenses`),
    reasons: reader.list(fields["reasons"], `${at}.reasons`, (item, place) => reader.text(item, place)),
    ...(fields["sbom"] !== undefined && { sbom: reader.text(fields["sbom"], `${at}.sbom`) }),
    referrers: reader.list(fields["referrers"], `${at}.referrers`, (item, place) => {
      const referrer = reader.record(item, place, ["descriptor", "subject", "tag"]);
      return {
        descriptor: reader.descriptor(referrer["descriptor"], `${place}.descriptor`),
        subject: reader.digest(referrer["subject"], `${place}.subject`),
        ...(referrer["tag"] !== undefined && { tag: reader.tag(referrer["tag"], `${place}.tag`) }),
      };
    }),
  };
}

function readArtifact(value: unknown, at: string, reader: FieldReader): BundledArtifact {
  const fields = reader.record(value, at, ["name", "version", "platform", "descriptor"]);
  const name = reader.text(fields["name"], `${at}.name`);
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(name)) reader.refuse(`${at}.name`, `cannot be ${JSON.stringify(name)}`);
  return {
    name,
    version: reader.text(fields["version"], `${at}.version`),
    ...(fields["platform"] !== undefined && { platform: reader.platform(fields["platform"], `${at}.platform`) }),
    descriptor: reader.descriptor(fields["descriptor"], `${at}.descriptor`),
  };
}

/** Reads values that must be of a kind, and says where one is not. */
class FieldReader {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  refuse(at: string, why: string): never {
    throw new BundleError(`${this.#name}${at === "" ? "" : `: ${at}`} ${why}`);
  }

  record(value: unknown, at: string, keys: readonly string[]): Fields {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return this.refuse(at, "is not an object");
    const unknown = Object.keys(value).find((key) => !keys.includes(key));
    if (unknown !== undefined)
      this.refuse(at, `has the field ${JSON.stringify(unknown.slice(0, 100))}, which is not known`);
    return value as Fields;
  }

  list<T>(value: unknown, at: string, read: (item: unknown, at: string) => T): readonly T[] {
    if (!Array.isArray(value)) return this.refuse(at, "is not a list");
    if (value.length > mostItems) return this.refuse(at, `has ${value.length} items, more than ${mostItems}`);
    return value.map((item, index) => read(item, `${at}[${index}]`));
  }

  text(value: unknown, at: string): string {
    if (typeof value !== "string" || value.length > longestText || /\p{Cc}/u.test(value)) {
      return this.refuse(at, "is not a line of text");
    }
    return value;
  }

  size(value: unknown, at: string): number {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) return this.refuse(at, "is not a size");
    return value;
  }

  digest(value: unknown, at: string): string {
    return typeof value === "string" && isDigest(value) ? value : this.refuse(at, "is not a SHA-256 digest");
  }

  platform(value: unknown, at: string): string {
    const text = this.text(value, at);
    return parsePlatform(text) === undefined ? this.refuse(at, `${JSON.stringify(text)} is not a platform`) : text;
  }

  tag(value: unknown, at: string): string {
    const text = this.text(value, at);
    return /^\w[\w.-]{0,127}$/.test(text) ? text : this.refuse(at, "is not a tag");
  }

  reference(value: unknown, at: string): string {
    const text = this.text(value, at);
    try {
      return formatReference(parseReference(text)) === text ? text : this.refuse(at, `${text} is not in full`);
    } catch (error) {
      if (error instanceof BundleError) throw error;
      return this.refuse(at, `${JSON.stringify(text)} is not an image reference`);
    }
  }

  descriptor(value: unknown, at: string): Descriptor {
    const fields = this.record(value, at, ["mediaType", "digest", "size", "platform", "artifactType", "annotations"]);
    const mediaType = this.text(fields["mediaType"], `${at}.mediaType`);
    if (!/^[\w.+/-]{1,255}$/.test(mediaType)) this.refuse(`${at}.mediaType`, "is not a media type");
    return {
      mediaType,
      digest: this.digest(fields["digest"], `${at}.digest`),
      size: this.size(fields["size"], `${at}.size`),
      ...(fields["artifactType"] !== undefined && {
        artifactType: this.text(fields["artifactType"], `${at}.artifactType`),
      }),
    };
  }
}
