import { compareKeys, compareText } from "../language/compare-text.ts";
import { type Descriptor, mediaTypes, parsePlatform } from "../oci/descriptor.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import { plainDescriptor } from "./build-bundle-manifest.ts";
import type { BundledImage } from "./bundle-manifest.ts";
import { blobPath } from "./bundle-layout.ts";

/** `oci-layout`: OCI image layout specification 1.0. */
export const ociLayoutText = `${JSON.stringify({ imageLayoutVersion: "1.0.0" })}\n`;

/**
 * `index.json` of the bundle: every image by its full reference, in the annotations that skopeo, Zarf and Hauler look
 * for; then what refers to them, which tools find by its subject.
 */
export function formatOciIndex(images: readonly BundledImage[]): string {
  const named = images.flatMap(entriesOf).toSorted((a, b) => compareText(keyOf(a), keyOf(b)));
  const roots = new Set(named.map(({ digest }) => digest));
  const referrers = new Map<string, Descriptor>();
  for (const { reference, referrers: found } of images) {
    for (const { descriptor, tag } of found) {
      if (roots.has(descriptor.digest)) continue;
      const { host, repository } = parseReference(reference);
      const annotations = tag === undefined ? {} : { annotations: nameOf(formatReference({ host, repository, tag })) };
      const entry = { ...plainDescriptor(descriptor), ...annotations };
      referrers.set(`${descriptor.digest} ${tag ?? ""} ${tag === undefined ? "" : repository}`, entry);
    }
  }
  const rest = [...referrers.entries()].toSorted(compareKeys).map(([, entry]) => entry);
  return `${JSON.stringify(
    { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [...named, ...rest] },
    undefined,
    2,
  )}\n`;
}

/** Of an image narrowed to several platforms there is no root over them: each platform has its own entry. */
function entriesOf(image: BundledImage): readonly Descriptor[] {
  const annotations = nameOf(image.reference);
  if (image.parentIndex === undefined) return [{ ...plainDescriptor(image.root), annotations }];
  return image.platforms.map(({ platform, manifest }) => {
    const parsed = parsePlatform(platform);
    return { ...plainDescriptor(manifest), ...(parsed === undefined ? {} : { platform: parsed }), annotations };
  });
}

function nameOf(reference: string): Readonly<Record<string, string>> {
  return {
    "io.containerd.image.name": reference,
    "org.opencontainers.image.base.name": reference,
    "org.opencontainers.image.ref.name": reference,
  };
}

function keyOf(entry: Descriptor): string {
  return `${entry.annotations?.["org.opencontainers.image.ref.name"] ?? ""} ${entry.digest}`;
}

/** An image of the bundle as `docker load` is told of it. */
export interface DockerImage {
  readonly reference: string;
  /** Digests. */
  readonly config: string;
  readonly layers: readonly string[];
}

/** `manifest.json`, which `docker load` and `skopeo docker-archive:` read: one platform of each image. */
export function formatDockerManifest(images: readonly DockerImage[]): string {
  const byConfig = new Map<string, { readonly layers: readonly string[]; readonly tags: Set<string> }>();
  for (const { reference, config, layers } of images) {
    const entry = byConfig.get(config) ?? { layers, tags: new Set<string>() };
    const tag = familiarName(reference);
    if (tag !== undefined) entry.tags.add(tag);
    byConfig.set(config, entry);
  }
  const entries = [...byConfig].map(([config, { layers, tags }]) => ({
    Config: blobPath(config),
    RepoTags: [...tags].toSorted(compareText),
    Layers: layers.map(blobPath),
  }));
  const sorted = entries.toSorted((a, b) =>
    compareText(`${a.RepoTags[0] ?? "~"} ${a.Config}`, `${b.RepoTags[0] ?? "~"} ${b.Config}`),
  );
  return `${JSON.stringify(sorted, undefined, 2)}\n`;
}

/** As Docker shows it, without its own host and organisation; undefined without a tag, which `docker load` needs. */
export function familiarName(reference: string): string | undefined {
  const { host, repository, tag } = parseReference(reference);
  if (tag === undefined) return undefined;
  const name = host === "docker.io" ? repository.replace(/^library\//, "") : `${host}/${repository}`;
  return `${name}:${tag}`;
}
