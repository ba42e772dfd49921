import { Readable } from "node:stream";
import { BundleError } from "../errors/installer-error.ts";
import type { Content } from "../oci/content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { hexOf, verifyContent } from "../oci/digest.ts";
import type { ImageManifest } from "../oci/manifest.ts";
import { formatTarEnd, formatTarHeader, tarPadding } from "./tar/tar-header.ts";

export interface ArchivedImage {
  /** As the engine writes it: `slipway/postgres:e13ecc616bb573b3`. */
  readonly tag: string;
  readonly manifest: Pick<ImageManifest, "config" | "layers">;
}

/**
 * Images as one tar that `docker load` reads (`docker save`'s format of Docker 1.10 and later), made while it is read:
 * nothing lies on a disk. Every blob once, and checked; the stream fails at one that is damaged, before its end.
 */
export function dockerArchive(images: readonly ArchivedImage[], content: Content): Readable {
  return Readable.from(archiveBytes(images, content), { objectMode: false });
}

async function* archiveBytes(images: readonly ArchivedImage[], content: Content): AsyncGenerator<Buffer> {
  const table = images.map(({ tag, manifest }) => ({
    Config: pathOf(manifest.config),
    RepoTags: [tag],
    Layers: manifest.layers.map(pathOf),
  }));
  const text = Buffer.from(JSON.stringify(table));
  yield header("manifest.json", text.length);
  yield text;
  yield Buffer.alloc(tarPadding(text.length));
  const blobs = new Map(
    images.flatMap(({ manifest }) => [manifest.config, ...manifest.layers]).map((blob) => [blob.digest, blob]),
  );
  for (const blob of blobs.values()) {
    yield header(pathOf(blob), blob.size);
    yield* checkedBytes(blob, content);
    yield Buffer.alloc(tarPadding(blob.size));
  }
  yield formatTarEnd();
}

async function* checkedBytes(blob: Descriptor, content: Content): AsyncGenerator<Buffer> {
  const checked = verifyContent(blob, (problem) => new BundleError(`the blob ${blob.digest} ${problem}`));
  const bytes = await content.open(blob);
  bytes.on("error", (error) => checked.destroy(error));
  try {
    for await (const chunk of bytes.pipe(checked)) yield chunk as Buffer;
  } finally {
    bytes.destroy();
  }
}

function pathOf(blob: Descriptor): string {
  return `blobs/sha256/${hexOf(blob.digest)}`;
}

function header(path: string, size: number): Buffer {
  return formatTarHeader({ name: path, size, mode: 0o644 });
}
