import { type Fields, hasFields } from "../language/fields.ts";
import { type Descriptor, type Platform, matchesPlatform, mediaTypes } from "./descriptor.ts";
import { isDigest } from "./digest.ts";

/** Larger manifests are refused, as the distribution specification lets a registry do. */
export const manifestLimit = 4 * 1024 * 1024;

/** An index or an image manifest: OCI image specification 1.1, and Docker's schema 2, which has the same shape. */
export type Manifest = IndexManifest | ImageManifest;

export interface IndexManifest {
  readonly kind: "index";
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
}

export interface ImageManifest {
  readonly kind: "image";
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
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
  const subject = parsed["subject"] === undefined ? {} : { subject: descriptor(parsed["subject"], "subject", toError) };
  if (Array.isArray(parsed["manifests"])) {
    const manifests = parsed["manifests"].map((entry, index) => descriptor(entry, `manifests[${index}]`, toError));
    return { kind: "index", mediaType: mediaTypeOf(parsed, mediaTypes.ociIndex, toError), manifests, ...subject };
  }
  if (!Array.isArray(parsed["layers"])) throw toError("has neither layers nor manifests");
  return {
    kind: "image",
    mediaType: mediaTypeOf(parsed, mediaTypes.ociManifest, toError),
    config: descriptor(parsed["config"], "config", toError),
    layers: parsed["layers"].map((entry, index) => descriptor(entry, `layers[${index}]`, toError)),
    ...subject,
    ...(typeof parsed["artifactType"] === "string" ? { artifactType: parsed["artifactType"] } : {}),
  };
}

/** What must be there before this manifest may be: child manifests of an index; configuration and layers of an image. */
export function childrenOf(manifest: Manifest): readonly Descriptor[] {
  return manifest.kind === "index" ? manifest.manifests : [manifest.config, ...manifest.layers];
}

/** The manifests of an index that are for one of the platforms, in the order of the platforms asked for. */
export function selectPlatforms(index: IndexManifest, platforms: readonly Platform[]): readonly Descriptor[] {
  return platforms.flatMap((wanted) => {
    const found = index.manifests.find(({ platform }) => platform !== undefined && matchesPlatform(platform, wanted));
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
  const { os, architecture, variant } = fields;
  return {
    os: typeof os === "string" ? os : "unknown",
    architecture: typeof architecture === "string" ? architecture : "unknown",
    ...(typeof variant === "string" ? { variant } : {}),
  };
}

function strings(fields: Fields): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}
