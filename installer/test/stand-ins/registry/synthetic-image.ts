import { createHash } from "node:crypto";
import { type Descriptor, mediaTypes } from "../../../src/oci/descriptor.ts";
import { sha256, type TestStore } from "./store.ts";

/** An image made up for a test: all its content by digest, children before what names them. */
export interface SyntheticImage {
  readonly root: Descriptor;
  /** Manifests, the root last. */
  readonly manifests: readonly { readonly descriptor: Descriptor; readonly bytes: Buffer }[];
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly bytes: Buffer }[];
}

/** Bytes that do not compress and are the same in every run. */
export function syntheticBytes(seed: string, length: number): Buffer {
  const block = createHash("sha256").update(seed).digest();
  const bytes = Buffer.alloc(length);
  for (let at = 0, round = 0; at < length; at += 32, round += 1) {
    block.writeUInt32BE(round, 0);
    createHash("sha256").update(block).digest().copy(bytes, at);
  }
  return bytes;
}

/** One image for one platform from layers; several of them become an index with `syntheticIndex`. */
export function syntheticImage(seed: string, layers: readonly Buffer[], architecture = "amd64"): SyntheticImage {
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: "linux",
      config: { Labels: { seed } },
      rootfs: { type: "layers", diff_ids: layers.map(sha256) },
    }),
  );
  const described = (bytes: Buffer, mediaType: string): { descriptor: Descriptor; bytes: Buffer } => ({
    descriptor: { mediaType, digest: sha256(bytes), size: bytes.length },
    bytes,
  });
  const blobs = [
    described(config, mediaTypes.ociConfig),
    ...layers.map((layer) => described(layer, mediaTypes.ociLayer)),
  ];
  const [configBlob, ...layerBlobs] = blobs;
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: configBlob?.descriptor,
      layers: layerBlobs.map(({ descriptor }) => descriptor),
    }),
  );
  const root = { ...described(manifest, mediaTypes.ociManifest).descriptor, platform: { os: "linux", architecture } };
  return { root, manifests: [{ descriptor: root, bytes: manifest }], blobs };
}

/** An index over images of several platforms. */
export function syntheticIndex(images: readonly SyntheticImage[]): SyntheticImage {
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: images.map(({ root }) => root) }),
  );
  const root = { mediaType: mediaTypes.ociIndex, digest: sha256(bytes), size: bytes.length };
  return {
    root,
    manifests: [...images.flatMap(({ manifests }) => manifests), { descriptor: root, bytes }],
    blobs: images.flatMap(({ blobs }) => blobs),
  };
}

/** Puts an image into a registry without asking it. */
export function seedImage(store: TestStore, repository: string, image: SyntheticImage, tag?: string): void {
  for (const { bytes } of image.blobs) store.addBlob(repository, bytes);
  for (const { descriptor, bytes } of image.manifests) {
    store.addManifest(
      repository,
      bytes,
      descriptor.mediaType,
      descriptor.digest === image.root.digest ? tag : undefined,
    );
  }
}
