import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ImageSource } from "../../oci/content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { verifyContent } from "../../oci/digest.ts";
import { contentError } from "../content-error.ts";
import type { GatheredImage } from "../gather-images.ts";
import { runBounded } from "../run-bounded.ts";
import { type CacheFiles, readLayerCache, writeLayerCache } from "./layer-cache.ts";
import { type LayerPackages, mergeLayers } from "./packages.ts";
import { readLayerPackages } from "./read-layer-packages.ts";
import { type SbomImage, renderSpdx } from "./render-spdx.ts";

export interface SbomPorts {
  readonly fs: CacheFiles;
  /** Folder that may be removed at any time; found packages are kept there by layer. */
  readonly cacheDir: string;
  /** Layers read at the same time. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  /** Told of each layer that is read because no earlier run had. */
  readonly onLayer?: (digest: string, bytes: number) => void;
}

/** What a document says of the image as a whole. */
export function toSbomImage({ wanted, root }: Pick<GatheredImage, "wanted" | "root">): SbomImage {
  const { name, reference, licenses } = wanted;
  return { name, reference, root: root.digest, licenses };
}

/**
 * Makes the SPDX document of each image, by the image's name. Every layer is read once, ever: what was found is kept.
 * @throws BundleError or RegistryError naming a layer that is damaged
 */
export async function makeSboms(
  images: readonly GatheredImage[],
  ports: SbomPorts,
): Promise<ReadonlyMap<string, string>> {
  const layers = await findLayers(images, ports);
  const documents = new Map<string, string>();
  for (const image of images) {
    const platforms = image.platforms.map(({ platform, manifest, layers: own }) => ({
      platform,
      manifest: manifest.digest,
      contents: mergeLayers(own.flatMap(({ digest }) => layers.get(digest) ?? [])),
    }));
    documents.set(image.wanted.name, renderSpdx(toSbomImage(image), platforms));
  }
  return documents;
}

async function findLayers(
  images: readonly GatheredImage[],
  ports: SbomPorts,
): Promise<ReadonlyMap<string, LayerPackages>> {
  const found = new Map<string, LayerPackages>();
  const missing = new Map<ImageSource, Map<string, Descriptor>>();
  for (const { platforms, source } of images) {
    for (const descriptor of platforms.flatMap(({ layers }) => layers)) {
      if (found.has(descriptor.digest)) continue;
      const kept = await readLayerCache(ports.cacheDir, descriptor.digest, ports.fs);
      if (kept !== undefined) found.set(descriptor.digest, kept);
      else if (![...missing.values()].some((of) => of.has(descriptor.digest))) {
        missing.set(source, (missing.get(source) ?? new Map<string, Descriptor>()).set(descriptor.digest, descriptor));
      }
    }
  }
  for (const [source, descriptors] of missing) {
    await readLayers(source, [...descriptors.values()], ports, async (descriptor, bytes) => {
      const layer = await readVerified(source, descriptor, bytes);
      found.set(descriptor.digest, layer);
      await writeLayerCache(ports.cacheDir, descriptor.digest, layer, ports.fs);
      ports.onLayer?.(descriptor.digest, descriptor.size);
    });
  }
  return found;
}

async function readLayers(
  source: ImageSource,
  descriptors: readonly Descriptor[],
  ports: SbomPorts,
  take: (descriptor: Descriptor, bytes: Readable) => Promise<void>,
): Promise<void> {
  if (source.feed !== undefined) {
    await source.feed(descriptors, take, ports.signal);
    return;
  }
  const open = (descriptor: Descriptor) => async () => take(descriptor, await source.content.open(descriptor));
  await runBounded(descriptors.map(open), ports.jobs, ports.signal);
}

/** What was found is kept under the layer's digest, so it must be that layer. */
async function readVerified(source: ImageSource, descriptor: Descriptor, bytes: Readable): Promise<LayerPackages> {
  const name = `the layer ${descriptor.digest}`;
  const verified = verifyContent(descriptor, contentError(source, name));
  const [read, passed] = await Promise.allSettled([
    readLayerPackages(verified, descriptor.mediaType, name),
    pipeline(bytes, verified),
  ]);
  // A wrong digest explains whatever the reader stumbled over.
  if (passed.status === "rejected" && !isPremature(passed.reason)) throw passed.reason;
  if (read.status === "rejected") throw read.reason;
  return read.value;
}

function isPremature(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === "ERR_STREAM_PREMATURE_CLOSE";
}
