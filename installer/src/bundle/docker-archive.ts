import { Readable } from "node:stream";
import { BundleError } from "../errors/installer-error.ts";
import type { Content } from "../oci/content.ts";
import { type Descriptor, mediaTypes } from "../oci/descriptor.ts";
import { hexOf, verifyContent } from "../oci/digest.ts";
import type { ImageManifest } from "../oci/manifest.ts";
import { formatTarEnd, formatTarHeader, tarPadding } from "./tar/tar-header.ts";

export interface ArchivedImage {
  /** As the engine writes it: `slipway/postgres:e13ecc616bb573b3`. */
  readonly tag: string;
  /** In full. */
  readonly reference: string;
  /** Of the manifest. */
  readonly descriptor: Descriptor;
  readonly manifest: Pick<ImageManifest, "config" | "layers">;
}

/**
 * Images as one tar that `docker load` reads, made while it is read: nothing lies on a disk. It is both `docker save`'s
 * format, for engines with graph drivers, and an OCI layout, by which an engine with the containerd store keeps the
 * manifests as they are. Every blob once, and checked; the stream fails at one that is damaged, before its end.
 */
export function dockerArchive(images: readonly ArchivedImage[], content: Content): Readable {
  return Readable.from(archiveBytes(images, content), { objectMode: false });
}

async function* archiveBytes(images: readonly ArchivedImage[], content: Content): AsyncGenerator<Buffer> {
  const docker = images.map(({ tag, manifest }) => ({
    Config: pathOf(manifest.config),
    RepoTags: [tag],
    Layers: manifest.layers.map(pathOf),
  }));
  const manifests = images.map(({ reference, descriptor }) => ({
    mediaType: descriptor.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    annotations: { "io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference },
  }));
  yield* smallFile("oci-layout", { imageLayoutVersion: "1.0.0" });
  yield* smallFile("index.json", { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  yield* smallFile("manifest.json", docker);
  const blobs = new Map(
    images
      .flatMap(({ descriptor, manifest }) => [descriptor, manifest.config, ...manifest.layers])
      .map((blob) => [blob.digest, blob]),
  );
  for (const blob of blobs.values()) {
    yield header(pathOf(blob), blob.size);
    yield* checkedBytes(blob, content);
    yield Buffer.alloc(tarPadding(blob.size));
  }
  yield formatTarEnd();
}

function* smallFile(path: string, contents: unknown): Generator<Buffer> {
  const bytes = Buffer.from(JSON.stringify(contents));
  yield header(path, bytes.length);
  yield bytes;
  yield Buffer.alloc(tarPadding(bytes.length));
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
