import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Descriptor, mediaTypes } from "../../src/oci/descriptor.ts";
import { digestOf, hexOf } from "../../src/oci/digest.ts";
import { formatTarEnd, formatTarHeader, tarPadding } from "../../src/bundle/tar/tar-header.ts";
import { fixtureBytes } from "./bundle-fixture.ts";

export interface LayoutImage {
  /** In full. */
  readonly reference: string;
  /** Layers by seed, `seed:bytes` for a length other than 2000; each is a tar with one file. */
  readonly layers: readonly string[];
  /** More than one makes an index over them. */
  readonly platforms?: readonly string[];
  /** Makes a signature that refers to the root: by subject, or by cosign's tag. */
  readonly signed?: "subject" | "tag";
}

/** An OCI layout in a folder, made by hand; the same images give the same bytes. */
export class LayoutFolder {
  readonly folder: string;
  readonly roots = new Map<string, Descriptor>();

  constructor(folder: string, images: readonly LayoutImage[]) {
    this.folder = folder;
    mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
    writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    const manifests = images.flatMap((image) => this.#addImage(image));
    writeFileSync(
      join(folder, "index.json"),
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
    );
  }

  /** Where a blob's file is. */
  blobFile(digest: string): string {
    return join(this.folder, "blobs/sha256", hexOf(digest));
  }

  /** The layers of the image's first platform. */
  layersOf(reference: string): readonly Descriptor[] {
    let document = this.#read(this.roots.get(reference)?.digest ?? "");
    if (document.manifests !== undefined) document = this.#read(document.manifests[0]?.digest ?? "");
    return document.layers ?? [];
  }

  #read(digest: string): { readonly layers?: readonly Descriptor[]; readonly manifests?: readonly Descriptor[] } {
    return JSON.parse(readFileSync(this.blobFile(digest), "utf8")) as {
      readonly layers?: readonly Descriptor[];
      readonly manifests?: readonly Descriptor[];
    };
  }

  #put(bytes: Buffer, mediaType: string): Descriptor {
    const digest = digestOf(bytes);
    writeFileSync(this.blobFile(digest), bytes);
    return { mediaType, digest, size: bytes.length };
  }

  #json(document: unknown, mediaType: string): Descriptor {
    return this.#put(Buffer.from(JSON.stringify(document)), mediaType);
  }

  #addImage({ reference, layers, platforms = ["linux/amd64"], signed }: LayoutImage): readonly Descriptor[] {
    const manifests = platforms.map((platform) => this.#addManifest(reference, layers, platform));
    const [first] = manifests;
    if (first === undefined) throw new Error(`${reference} has no platform`);
    const single = { mediaType: first.mediaType, digest: first.digest, size: first.size };
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
    const root = manifests.length === 1 ? single : this.#json(index, mediaTypes.ociIndex);
    this.roots.set(reference, root);
    const named = { ...root, annotations: { "org.opencontainers.image.ref.name": reference } };
    return signed === undefined ? [named] : [named, this.#addSignature(reference, root, signed)];
  }

  #addManifest(reference: string, seeds: readonly string[], platform: string): Descriptor {
    const [os = "", architecture = ""] = platform.split("/");
    const layers = seeds.map((text) => {
      const [seed = "", length = "2000"] = text.split(":");
      return this.#put(tarWith(`${seed}.bin`, fixtureBytes(seed, Number(length))), mediaTypes.ociLayer);
    });
    const config = this.#json(
      {
        os,
        architecture,
        config: { Labels: { reference } },
        rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
      },
      mediaTypes.ociConfig,
    );
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
    return { ...this.#json(manifest, mediaTypes.ociManifest), platform: { os, architecture } };
  }

  #addSignature(reference: string, root: Descriptor, by: "subject" | "tag"): Descriptor {
    const config = this.#json({}, "application/vnd.oci.empty.v1+json");
    const layer = this.#json({ signature: reference }, "application/vnd.dev.cosign.simplesigning.v1+json");
    const document = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] };
    if (by === "subject") {
      return this.#json({ ...document, artifactType: "application/vnd.test", subject: root }, mediaTypes.ociManifest);
    }
    const tag = `sha256-${hexOf(root.digest)}.sig`;
    const name = `${reference.slice(0, reference.lastIndexOf(":"))}:${tag}`;
    return {
      ...this.#json(document, mediaTypes.ociManifest),
      annotations: { "org.opencontainers.image.ref.name": name },
    };
  }
}

function tarWith(name: string, bytes: Buffer): Buffer {
  const header = formatTarHeader({ name, size: bytes.length });
  return Buffer.concat([header, bytes, Buffer.alloc(tarPadding(bytes.length)), formatTarEnd()]);
}
