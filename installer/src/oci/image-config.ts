import { fieldsOf, hasFields } from "../language/fields.ts";
import { mediaTypes, type Platform } from "./descriptor.ts";
import { isDigest } from "./digest.ts";
import { type ImageManifest, manifestLimit } from "./manifest.ts";

/** Whether a manifest's configuration is that of an image; of a chart, a signature or a document it is something else. */
export function hasImageConfig({ config }: Pick<ImageManifest, "config">): boolean {
  return config.mediaType === mediaTypes.ociConfig || config.mediaType === mediaTypes.dockerConfig;
}

/**
 * Whether a manifest is that of an image. Some tools give a configuration a type of their own: then what is in it tells.
 * @param readConfig only asked where the type does not tell
 */
export async function isImageManifest(
  manifest: Pick<ImageManifest, "config">,
  readConfig: () => Promise<Uint8Array>,
): Promise<boolean> {
  if (hasImageConfig(manifest)) return true;
  if (manifest.config.size > manifestLimit) return false;
  return configurationLayers(await readConfig()) !== undefined;
}

/** What a configuration says the image is for, `unknown` where it does not say; undefined when it is none. */
export function configurationPlatform(document: Uint8Array): Platform | undefined {
  const parsed = parseJson(document);
  if (!hasFields(parsed)) return undefined;
  const { os, architecture, variant } = parsed;
  return {
    os: typeof os === "string" ? os : "unknown",
    architecture: typeof architecture === "string" ? architecture : "unknown",
    ...(typeof variant === "string" ? { variant } : {}),
  };
}

/** The digests of the unpacked layers, from an image configuration; undefined for any other document. */
export function configurationLayers(document: Uint8Array | undefined): readonly string[] | undefined {
  const layers = fieldsOf(fieldsOf(parseJson(document))["rootfs"])["diff_ids"];
  if (!Array.isArray(layers)) return undefined;
  return layers.every((layer) => typeof layer === "string" && isDigest(layer)) ? (layers as string[]) : undefined;
}

/**
 * What is wrong where a manifest and its configuration have not the same number of layers; undefined when they have, or
 * the configuration tells of none.
 */
export function layerMismatch({ layers }: Pick<ImageManifest, "layers">, config: Uint8Array): string | undefined {
  const expected = configurationLayers(config)?.length;
  if (expected === undefined || expected === layers.length) return undefined;
  const named = layers.length === 0 ? "no layers" : layers.length === 1 ? "1 layer" : `${layers.length} layers`;
  return `names ${named}, and its configuration has ${expected}: the image is not whole`;
}

function parseJson(document: Uint8Array | undefined): unknown {
  if (document === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(document).toString("utf8"));
  } catch {
    return undefined;
  }
}
