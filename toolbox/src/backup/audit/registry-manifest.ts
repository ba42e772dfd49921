/** Something that a manifest names. */
export interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

export type Manifest =
  | { readonly kind: "image"; readonly config: Descriptor; readonly layers: readonly Descriptor[] }
  | { readonly kind: "index"; readonly manifests: readonly Descriptor[] };

/** Longest manifest that the registry takes: distribution v3.1.2, registry/handlers/manifests.go. */
export const manifestSizeLimit = 4 * 1024 * 1024;

/**
 * Reads an image (https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md, or Docker's of schema 2) or an index of images
 * (image-index.md, or Docker's list). Undefined for everything else. A subject is none of its references: it may be missing by the
 * specification. Layers that come from elsewhere are left out, too.
 */
export function parseManifest(text: string): Manifest | undefined {
  const found = parseObject(text);
  const { schemaVersion, config, layers, manifests } = found ?? {};
  if (schemaVersion !== 2) return undefined;
  if (Array.isArray(manifests)) {
    return manifests.every(isDescriptor) ? { kind: "index", manifests } : undefined;
  }
  if (!isDescriptor(config) || !Array.isArray(layers) || !layers.every(isDescriptor)) return undefined;
  return { kind: "image", config, layers: layers.filter((layer) => !isForeign(layer)) };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function isDescriptor(value: unknown): value is Descriptor {
  if (typeof value !== "object" || value === null) return false;
  const { digest, size } = value as Readonly<Record<string, unknown>>;
  return typeof digest === "string" && typeof size === "number";
}

/** Types of layers that a registry need not have. */
const foreignTypes = /^application\/vnd\.(?:docker\.image\.rootfs\.foreign\.|oci\.image\.layer\.nondistributable\.)/;

function isForeign(layer: Descriptor): boolean {
  const { mediaType } = layer as { readonly mediaType?: unknown };
  return typeof mediaType === "string" && foreignTypes.test(mediaType);
}
