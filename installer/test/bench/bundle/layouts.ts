import { createCipheriv, createHash } from "node:crypto";
import { mkdir, open, rename, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Descriptor, mediaTypes } from "../../../src/oci/descriptor.ts";

/** A synthetic OCI layout on the disk. */
export interface Layout {
  readonly folder: string;
  /** Full references, one an image. */
  readonly references: readonly string[];
  /** In the same order. */
  readonly manifests: readonly Descriptor[];
  /** Each blob and manifest once. */
  readonly blobs: ReadonlyMap<string, number>;
}

interface ImageRecipe {
  readonly name: string;
  /** Seed and size of each layer: the same seed is the same layer. */
  readonly layers: readonly { readonly seed: string; readonly bytes: number }[];
}

const megabyte = 1_000_000;

/** W1: 12 images that share four layers of 172 MB and have three layers of 22 MB of their own. `changed` replaces one 18 MB layer. */
export function largeImages(changed = false): readonly ImageRecipe[] {
  const shared = [80, 50, 30, 12].map((size, index) => ({ seed: `shared-${index}`, bytes: size * megabyte }));
  return Array.from({ length: 12 }, (_unused, image) => ({
    name: `bench/service-${image}`,
    layers: [
      ...shared,
      { seed: `large-${image}${changed && image === 7 ? "-changed" : ""}`, bytes: 18 * megabyte },
      { seed: `middle-${image}`, bytes: 4 * megabyte },
      { seed: `small-${image}`, bytes: 400_000 },
    ],
  }));
}

/** W4: 13 images of 127 MB together, each a little of its own on one base of 80 MB. */
export function imagesOnOneBase(): readonly ImageRecipe[] {
  const base = [50, 20, 10].map((size, index) => ({ seed: `base-${index}`, bytes: size * megabyte }));
  return Array.from({ length: 13 }, (_unused, image) => ({
    name: `bench/on-base-${image}`,
    layers: [...base, { seed: `own-${image}`, bytes: 3_600_000 }],
  }));
}

/** W2: 60 images of 28 MB together, 184 unique blobs, 206 places where a blob of another image is used again. */
export function smallImages(): readonly ImageRecipe[] {
  const shared = [0, 1, 2, 3].map((index) => ({ seed: `tiny-shared-${index}`, bytes: 1_000_000 }));
  return Array.from({ length: 60 }, (_unused, image) => ({
    name: `bench/small-${String(image).padStart(2, "0")}`,
    layers: [
      ...(image % 2 === 0 ? shared : shared.slice(1)),
      { seed: `tiny-${image}-a`, bytes: 150_000 },
      { seed: `tiny-${image}-b`, bytes: 45_000 },
    ],
  }));
}

/** Writes the images as an OCI layout; what cannot be compressed, as real layers of models and binaries. */
export async function writeLayout(folder: string, images: readonly ImageRecipe[]): Promise<Layout> {
  const blobs = new Map<string, number>();
  const layers = new Map<string, { readonly descriptor: Descriptor; readonly diffId: string }>();
  await mkdir(join(folder, "blobs/sha256"), { recursive: true });
  const put = async (bytes: Buffer, mediaType: string): Promise<Descriptor> => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    await writeFile(join(folder, "blobs/sha256", hex), bytes);
    blobs.set(`sha256:${hex}`, bytes.length);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const manifests: Descriptor[] = [];
  for (const image of images) {
    for (const { seed, bytes } of image.layers) {
      if (layers.has(seed)) continue;
      const tar = tarOf(seed, randomBytes(seed, bytes));
      const descriptor = await put(gzipSync(tar, { level: 0 }), mediaTypes.ociLayerGzip);
      layers.set(seed, { descriptor, diffId: `sha256:${createHash("sha256").update(tar).digest("hex")}` });
    }
    const made = image.layers.flatMap(({ seed }) => layers.get(seed) ?? []);
    const config = await put(
      jsonBytes(
        configOf(
          image.name,
          made.map((layer) => layer.diffId),
        ),
      ),
      mediaTypes.ociConfig,
    );
    const document = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config,
      layers: made.map((layer) => layer.descriptor),
    };
    const manifest = await put(jsonBytes(document), mediaTypes.ociManifest);
    manifests.push({ ...manifest, annotations: { "org.opencontainers.image.ref.name": `localhost/${image.name}:v1` } });
  }
  return finish(folder, manifests, blobs);
}

/** One image with one layer of many bytes, sparse on the disk. */
export async function writeSparseLayout(folder: string, bytes: number): Promise<Layout> {
  await mkdir(join(folder, "blobs/sha256"), { recursive: true });
  const raw = join(folder, "layer");
  await writeFile(raw, "");
  await truncate(raw, bytes);
  const hash = createHash("sha256");
  const file = await open(raw);
  for await (const chunk of file.createReadStream({ highWaterMark: 4 * 1024 * 1024 })) hash.update(chunk as Buffer);
  const hex = hash.digest("hex");
  await rename(raw, join(folder, "blobs/sha256", hex));
  const layer = { mediaType: mediaTypes.ociLayerGzip, digest: `sha256:${hex}`, size: bytes };
  const blobs = new Map([[layer.digest, bytes]]);
  const put = async (document: unknown, mediaType: string): Promise<Descriptor> => {
    const text = jsonBytes(document);
    const digest = createHash("sha256").update(text).digest("hex");
    await writeFile(join(folder, "blobs/sha256", digest), text);
    blobs.set(`sha256:${digest}`, text.length);
    return { mediaType, digest: `sha256:${digest}`, size: text.length };
  };
  const config = await put(configOf("bench/huge", [layer.digest]), mediaTypes.ociConfig);
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] };
  const manifest = await put(document, mediaTypes.ociManifest);
  return finish(
    folder,
    [{ ...manifest, annotations: { "org.opencontainers.image.ref.name": "localhost/bench/huge:v1" } }],
    blobs,
  );
}

async function finish(
  folder: string,
  manifests: readonly Descriptor[],
  blobs: ReadonlyMap<string, number>,
): Promise<Layout> {
  await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(
    join(folder, "index.json"),
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
  );
  await stat(join(folder, "index.json"));
  return {
    folder,
    manifests,
    references: manifests.map((manifest) => manifest.annotations?.["org.opencontainers.image.ref.name"] ?? ""),
    blobs,
  };
}

/** Bytes of all blobs, each once. */
export function uniqueBytes(layout: Layout): number {
  return [...layout.blobs.values()].reduce((sum, size) => sum + size, 0);
}

/** The key stream of a cipher: as random as needed, and the same on every machine. */
function randomBytes(seed: string, count: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(count));
}

/** A USTAR archive with one file. */
function tarOf(name: string, contents: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${contents.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\0" + "00", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, contents, Buffer.alloc(1024 + ((512 - (contents.length % 512)) % 512))]);
}

function configOf(name: string, diffIds: readonly string[]): unknown {
  return {
    architecture: "amd64",
    os: "linux",
    config: { Labels: { name } },
    rootfs: { type: "layers", diff_ids: diffIds },
    history: diffIds.map(() => ({ created_by: "bench" })),
  };
}

function jsonBytes(document: unknown): Buffer {
  return Buffer.from(JSON.stringify(document));
}
