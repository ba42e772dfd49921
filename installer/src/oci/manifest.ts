import { type Fields, hasFields } from "../language/fields.ts";
import { type Descriptor, type Platform, mediaTypes } from "./descriptor.ts";
import { isDigest } from "./digest.ts";
import { choosePlatform } from "./platform-choice.ts";

/** Larger manifests are refused, as the distribution specification lets a registry do. */
export const manifestLimit = 4 * 1024 * 1024;

/** An index or an image manifest: OCI image specification 1.1, and Docker's schema 2, which has the same shape. */
export type Manifest = IndexManifest | ImageManifest;

export interface IndexManifest {
  readonly kind: "index";
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ImageManifest {
  readonly kind: "image";
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Reads a manifest.
 * @param toError makes the error out of what is wrong
 */
export function parseManifest(bytes: Uint8Array, toError: (problem: string) => Error): Manifest {
  if (bytes.length > manifestLimit)
    throw toError(`is ${bytes.length} bytes, more than the ${manifestLimit} of any manifest`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw toError("is not JSON");
  }
  if (!hasFields(parsed) || parsed["schemaVersion"] !== 2) throw toError("is not a manifest of schema version 2");
  const { subject, artifactType, annotations, manifests } = parsed;
  const shared = {
    ...(subject === undefined || subject === null ? {} : { subject: descriptor(subject, "subject", toError) }),
    ...(typeof artifactType === "string" ? { artifactType } : {}),
    ...(hasFields(annotations) ? { annotations: strings(annotations) } : {}),
  };
  const listed = listOf(manifests, parsed["layers"] === undefined && parsed["config"] === undefined);
  if (listed !== undefined) {
    return {
      kind: "index",
      mediaType: mediaTypeOf(parsed, mediaTypes.ociIndex, toError),
      manifests: listed.map((entry, index) => descriptor(entry, `manifests[${index}]`, toError)),
      ...shared,
    };
  }
  const layers = listOf(parsed["layers"], true);
  if (layers === undefined) throw toError("has neither layers nor manifests");
  return {
    kind: "image",
    mediaType: mediaTypeOf(parsed, mediaTypes.ociManifest, toError),
    config: descriptor(parsed["config"], "config", toError),
    layers: layers.map((entry, index) => descriptor(entry, `layers[${index}]`, toError)),
    ...shared,
  };
}

/** A list; where nothing else stands beside it, `null` is an empty one, as programs in Go write it. */
function listOf(value: unknown, mayBeNull: boolean): readonly unknown[] | undefined {
  if (value === null && mayBeNull) return [];
  return Array.isArray(value) ? value : undefined;
}

/** Whether a media type is that of an image manifest or an index, of OCI's or Docker's kind. */
export function isManifestType(mediaType: string): boolean {
  return isIndexType(mediaType) || mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

/** What kind of thing a manifest is, as lists of referrers tell it: OCI distribution 1.1, "Listing Referrers". */
export function artifactTypeOf(manifest: Manifest): string | undefined {
  if (manifest.artifactType !== undefined && manifest.artifactType !== "") return manifest.artifactType;
  return manifest.kind === "image" ? manifest.config.mediaType : undefined;
}

/** Whether a media type is that of an index, of either kind. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
}

/** What must be there before this manifest may be: child manifests of an index; configuration and layers of an image. */
export function childrenOf(manifest: Manifest): readonly Descriptor[] {
  return manifest.kind === "index" ? manifest.manifests : [manifest.config, ...manifest.layers];
}

/** The manifests of an index that are for one of the platforms, in the order of the platforms asked for. */
export function selectPlatforms(
  index: Pick<IndexManifest, "manifests">,
  platforms: readonly Platform[],
): readonly Descriptor[] {
  return platforms.flatMap((wanted) => {
    const found = choosePlatform(index.manifests, ({ platform }) => platform, wanted);
    return found === undefined ? [] : [found];
  });
}

function mediaTypeOf(fields: Fields, otherwise: string, toError: (problem: string) => Error): string {
  const type = fields["mediaType"] ?? otherwise;
  if (typeof type !== "string" || !/^[\w.+/-]{1,255}$/.test(type)) throw toError("has a media type that is not valid");
  return type;
}

function descriptor(value: unknown, where: string, toError: (problem: string) => Error): Descriptor {
  if (!hasFields(value)) throw toError(`has no ${where}`);
  const { mediaType, digest, size, platform, annotations, artifactType } = value;
  if (typeof mediaType !== "string") throw toError(`has no media type in ${where}`);
  // It becomes a header of requests and answers.
  if (!/^[\x20-\x7e]{0,255}$/.test(mediaType)) throw toError(`has a media type in ${where} that is not valid`);
  if (typeof digest !== "string" || !isDigest(digest)) throw toError(`has no SHA-256 digest in ${where}`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw toError(`has no size in ${where}`);
  return {
    mediaType,
    digest,
    size,
    ...(hasFields(platform) ? { platform: platformOf(platform) } : {}),
    ...(typeof artifactType === "string" ? { artifactType } : {}),
    ...(hasFields(annotations) ? { annotations: strings(annotations) } : {}),
  };
}

function platformOf(fields: Fields): Platform {
  const { os, architecture, variant, "os.version": osVersion } = fields;
  return {
    os: typeof os === "string" ? os : "unknown",
    architecture: typeof architecture === "string" ? architecture : "unknown",
    ...(typeof variant === "string" ? { variant } : {}),
    ...(typeof osVersion === "string" ? { osVersion } : {}),
  };
}

function strings(fields: Fields): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}
