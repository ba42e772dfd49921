import { parse, stringify } from "yaml";
import { PlanChangedError, UsageError } from "../errors/installer-error.ts";
import { compareText } from "../language/compare-text.ts";
import type { Fields } from "../language/fields.ts";
import { parsePlatform } from "../oci/descriptor.ts";
import { isDigest } from "../oci/digest.ts";
import { formatReference, fullTagged, parseReference } from "../oci/reference.ts";

/** What every image of the platform really is, on the day the lock was made. */
export interface ImageLock {
  readonly apiVersion: "slipway/v1";
  readonly kind: "ImageLock";
  /** Version of the platform. */
  readonly version: string;
  readonly profiles: readonly string[];
  /** `linux/amd64`. */
  readonly platforms: readonly string[];
  /** By name and reference. */
  readonly images: readonly LockedImage[];
}

export type LockSource = "registry" | "engine" | "layout" | "archive" | "bundle";

interface LockedImageHead {
  /** Name in the image catalogue. */
  readonly name: string;
  /** In full: `docker.io/casbin/casdoor:3.62.0`. */
  readonly reference: string;
  readonly kind: "built" | "third-party";
  readonly licenses: string;
  /** Why it is there: `component postgres`, `job postgres-initialise`. */
  readonly reasons: readonly string[];
}

export interface ResolvedImage extends LockedImageHead {
  /** What the digests were read from. */
  readonly source: LockSource;
  /** Of index or manifest, as the source has it. */
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes of everything of the platforms below, each blob once. */
  readonly size: number;
  readonly platforms: readonly LockedPlatform[];
}

export interface LockedPlatform {
  readonly platform: string;
  /** Of the platform's manifest. */
  readonly digest: string;
  /** Digest of the configuration: the image id in an engine with graph drivers. */
  readonly imageId: string;
  /** Bytes: manifest, configuration and layers. */
  readonly size: number;
}

export interface UnresolvedImage extends LockedImageHead {
  /** Why its digest is not known. */
  readonly unresolved: string;
}

export type LockedImage = ResolvedImage | UnresolvedImage;

export function isResolved(image: LockedImage): image is ResolvedImage {
  return "digest" in image;
}

/** The lock as YAML: the same lock gives the same bytes. */
export function formatImageLock(lock: ImageLock): string {
  const images = lock.images.toSorted((a, b) => compareText(`${a.name} ${a.reference}`, `${b.name} ${b.reference}`));
  const document = {
    apiVersion: lock.apiVersion,
    kind: lock.kind,
    version: lock.version,
    profiles: lock.profiles,
    platforms: lock.platforms,
    images: images.map(orderedImage),
  };
  return `# Made by slipway images lock; see docs/image-lock.md. To change it, make it again.\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

function orderedImage(image: LockedImage): LockedImage {
  const { name, reference, kind, licenses, reasons } = image;
  const head = { name, reference, kind, licenses, reasons };
  if (!isResolved(image)) return { ...head, unresolved: image.unresolved };
  const { source, digest, mediaType, size, platforms } = image;
  const ordered = platforms.map((row) => ({
    platform: row.platform,
    digest: row.digest,
    imageId: row.imageId,
    size: row.size,
  }));
  return { ...head, source, digest, mediaType, size, platforms: ordered };
}

/**
 * Reads a lock strictly: what it does not know it refuses.
 * @param path what the file is called in messages
 * @throws UsageError naming the place
 */
export function parseImageLock(text: string, path: string): ImageLock {
  const refuse: Refuse = (problem) => {
    throw new UsageError(`${path} is not an image lock: ${problem}`, {
      hint: "make it again with slipway images lock -o FILE",
    });
  };
  let parsed: unknown;
  try {
    parsed = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    refuse(error instanceof Error ? (error.message.split("\n")[0] ?? "") : "not YAML");
  }
  const fields = fieldsOf(
    parsed,
    "the document",
    ["apiVersion", "kind", "version", "profiles", "platforms", "images"],
    refuse,
  );
  if (fields["apiVersion"] !== "slipway/v1" || fields["kind"] !== "ImageLock") {
    refuse("it does not say apiVersion slipway/v1 and kind ImageLock");
  }
  const platforms = strings(fields["platforms"], "platforms", refuse);
  for (const platform of platforms) if (parsePlatform(platform) === undefined) refuse(`${platform} is not a platform`);
  if (!Array.isArray(fields["images"])) refuse("images is not a list");
  const images = (fields["images"] as unknown[]).map((image, at) => parseImage(image, `images[${at}]`, refuse));
  const seen = new Set<string>();
  for (const { reference } of images) {
    if (seen.has(reference)) refuse(`${reference} is in it twice`);
    seen.add(reference);
  }
  return {
    apiVersion: "slipway/v1",
    kind: "ImageLock",
    version: string(fields["version"], "version", refuse),
    profiles: strings(fields["profiles"], "profiles", refuse),
    platforms,
    images,
  };
}

type Refuse = (problem: string) => never;

const headKeys = ["name", "reference", "kind", "licenses", "reasons"];

function parseImage(value: unknown, where: string, refuse: Refuse): LockedImage {
  const resolvedKeys = [...headKeys, "source", "digest", "mediaType", "size", "platforms"];
  const isOpen = typeof value === "object" && value !== null && "unresolved" in value;
  const fields = fieldsOf(value, where, isOpen ? [...headKeys, "unresolved"] : resolvedKeys, refuse);
  const kind = fields["kind"];
  if (kind !== "built" && kind !== "third-party") return refuse(`${where}.kind is neither built nor third-party`);
  const head = {
    name: string(fields["name"], `${where}.name`, refuse),
    reference: fullReference(string(fields["reference"], `${where}.reference`, refuse), refuse),
    kind,
    licenses: string(fields["licenses"], `${where}.licenses`, refuse),
    reasons: strings(fields["reasons"], `${where}.reasons`, refuse),
  } as const;
  if (isOpen) return { ...head, unresolved: string(fields["unresolved"], `${where}.unresolved`, refuse) };
  if (!Array.isArray(fields["platforms"])) refuse(`${where}.platforms is not a list`);
  return {
    ...head,
    source: lockSource(fields["source"], where, refuse),
    digest: digest(fields["digest"], `${where}.digest`, refuse),
    mediaType: string(fields["mediaType"], `${where}.mediaType`, refuse),
    size: size(fields["size"], `${where}.size`, refuse),
    platforms: (fields["platforms"] as unknown[]).map((row, at) => {
      const place = `${where}.platforms[${at}]`;
      const found = fieldsOf(row, place, ["platform", "digest", "imageId", "size"], refuse);
      return {
        platform: string(found["platform"], `${place}.platform`, refuse),
        digest: digest(found["digest"], `${place}.digest`, refuse),
        imageId: digest(found["imageId"], `${place}.imageId`, refuse),
        size: size(found["size"], `${place}.size`, refuse),
      };
    }),
  };
}

function fieldsOf(value: unknown, where: string, keys: readonly string[], refuse: Refuse): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(`${where} is not a mapping`);
  const strange = Object.keys(value).find((key) => !keys.includes(key));
  if (strange !== undefined) refuse(`${where} has a key ${strange} that is not known`);
  return value as Fields;
}

function string(value: unknown, where: string, refuse: Refuse): string {
  return typeof value === "string" && value !== "" ? value : refuse(`${where} is missing or no text`);
}

function strings(value: unknown, where: string, refuse: Refuse): readonly string[] {
  if (!Array.isArray(value)) return refuse(`${where} is not a list`);
  return value.map((entry, at) => string(entry, `${where}[${at}]`, refuse));
}

function digest(value: unknown, where: string, refuse: Refuse): string {
  return typeof value === "string" && isDigest(value) ? value : refuse(`${where} is not a SHA-256 digest`);
}

function size(value: unknown, where: string, refuse: Refuse): number {
  return Number.isSafeInteger(value) && Number(value) >= 0
    ? Number(value)
    : refuse(`${where} is not a number of bytes`);
}

function lockSource(value: unknown, where: string, refuse: Refuse): LockSource {
  const known: readonly LockSource[] = ["registry", "engine", "layout", "archive", "bundle"];
  return known.find((each) => each === value) ?? refuse(`${where}.source is none of ${known.join(", ")}`);
}

function fullReference(text: string, refuse: Refuse): string {
  const reference = parseReference(text);
  return formatReference(reference) === text ? text : refuse(`the reference ${text} is not written in full`);
}

/** Images of which this lock has no row: by name in full, tag included. */
export function uncoveredImages(lock: ImageLock, references: readonly string[]): readonly string[] {
  const covered = new Set(lock.images.map((image) => image.reference));
  return [...new Set(references.map(fullTagged))].filter((reference) => !covered.has(reference)).sort();
}

/**
 * Compares a lock that was kept with one made now.
 * @throws PlanChangedError listing every image that is new, gone or other
 */
export function requireSameLock(kept: ImageLock, now: ImageLock, path: string): void {
  const differences = differencesOf(kept, now);
  if (differences.length === 0) return;
  throw new PlanChangedError(`${path} is not the lock of what is there now`, {
    details: differences,
    hint: `look at each, then make it again with slipway images lock -o ${path}`,
  });
}

/** One line for each image that differs. */
export function differencesOf(kept: ImageLock, now: ImageLock): readonly string[] {
  const before = new Map(kept.images.map((image) => [image.reference, image]));
  const after = new Map(now.images.map((image) => [image.reference, image]));
  const lines = [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((reference) => {
    const [was, is] = [before.get(reference), after.get(reference)];
    if (was === undefined) return [`${reference}: not in the lock`];
    if (is === undefined) return [`${reference}: in the lock, but not used any more`];
    const [old, current] = [textOf(was), textOf(is)];
    if (old !== current) return [`${reference}: ${old} in the lock, ${current} now`];
    const [one, other] = [JSON.stringify(withoutSource(was)), JSON.stringify(withoutSource(is))];
    return one === other ? [] : [`${reference}: platforms, licence or reasons changed`];
  });
  const heads = (["version", "profiles", "platforms"] as const).flatMap((key) =>
    String(kept[key]) === String(now[key]) ? [] : [`${key}: ${String(kept[key])} in the lock, ${String(now[key])} now`],
  );
  return [...heads, ...lines];
}

function textOf(image: LockedImage): string {
  return isResolved(image) ? image.digest : "unresolved";
}

/** The same bytes from another place, or unresolved for another reason, make no difference. */
function withoutSource(image: LockedImage): unknown {
  return isResolved(image) ? { ...orderedImage(image), source: "" } : { ...orderedImage(image), unresolved: "" };
}
