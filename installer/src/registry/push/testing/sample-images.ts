import { Readable } from "node:stream";
import type { Content } from "../../../oci/content.ts";
import { type Descriptor, mediaTypes } from "../../../oci/descriptor.ts";
import { digestOf } from "../../../oci/digest.ts";
import { BundleError } from "../../../errors/installer-error.ts";
import type { PlannedImage } from "../push-plan.ts";
import { readManifests } from "../read-image.ts";

/** Content kept in memory, for images made by hand. */
export interface Shelf extends Content {
  add(bytes: string | Uint8Array, mediaType: string): Descriptor;
  /** Digests in the order in which they were opened. */
  readonly opened: string[];
  readonly bytes: Map<string, Uint8Array>;
}

/** An empty shelf. */
export function createShelf(): Shelf {
  const bytes = new Map<string, Uint8Array>();
  const opened: string[] = [];
  return {
    bytes,
    opened,
    add: (contents, mediaType) => {
      const buffer = Buffer.from(contents);
      const digest = digestOf(buffer);
      bytes.set(digest, buffer);
      return { mediaType, digest, size: buffer.length };
    },
    open: ({ digest }) => {
      opened.push(digest);
      const found = bytes.get(digest);
      return found === undefined
        ? Promise.reject(new BundleError(`${digest} is not there`))
        : Promise.resolve(Readable.from([Buffer.from(found)]));
    },
  };
}

/** A manifest of a configuration and layers with these contents. */
export function addManifest(shelf: Shelf, layers: readonly string[], extra: object = {}): Descriptor {
  const config = shelf.add(JSON.stringify({ layers }), mediaTypes.ociConfig);
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: layers.map((layer) => shelf.add(layer, mediaTypes.ociLayer)),
    ...extra,
  };
  return shelf.add(JSON.stringify(document), mediaTypes.ociManifest);
}

/** An index of manifests. */
export function addIndex(shelf: Shelf, manifests: readonly Descriptor[]): Descriptor {
  return shelf.add(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
    mediaTypes.ociIndex,
  );
}

/** A planned image of a root on the shelf. */
export async function planImage(
  shelf: Shelf,
  root: Descriptor,
  repository: string,
  referrers: readonly { readonly root: Descriptor; readonly tag?: string }[] = [],
): Promise<PlannedImage> {
  const from = { content: shelf, name: repository, toError: (problem: string) => new BundleError(problem) };
  return {
    source: `docker.io/${repository}:1`,
    target: `registry.test/${repository}:1`,
    repository,
    tag: "1",
    root,
    manifests: await readManifests(root, from),
    referrers: await Promise.all(
      referrers.map(async (referrer) => ({ ...referrer, manifests: await readManifests(referrer.root, from) })),
    ),
  };
}
