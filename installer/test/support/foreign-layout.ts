import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { formatTarEnd, formatTarHeader, tarPadding } from "../../src/bundle/tar/tar-header.ts";
import { type Descriptor, mediaTypes } from "../../src/oci/descriptor.ts";
import { digestOf, hexOf } from "../../src/oci/digest.ts";
import { layerOf } from "./sbom-fixture.ts";

export interface ForeignImage {
  /** Layers by name: the same name is the same layer. */
  readonly layers: readonly string[];
  /** Those that the manifest names, where that is not all of them. */
  readonly listed?: readonly string[];
  /** `os/architecture[/variant]` in the configuration; `linux/amd64` unless told. */
  readonly platform?: string;
}

/** A layer of an image made by hand: a tar with one file. */
export function foreignLayer(name: string): Buffer {
  return layerOf({ [name]: `${name}\n`.repeat(500) });
}

/** The configuration of an image made by hand. */
export function foreignConfig({ layers, platform = "linux/amd64" }: ForeignImage): Buffer {
  const [os, architecture, variant] = platform.split("/");
  const diffIds = layers.map((name) => digestOf(foreignLayer(name)));
  return Buffer.from(JSON.stringify({ os, architecture, variant, rootfs: { type: "layers", diff_ids: diffIds } }));
}

/** An OCI layout put together piece by piece, as tools of others write them. */
export class ForeignLayout {
  readonly blobs = new Map<string, Buffer>();
  /** Of `index.json`. */
  readonly entries: object[] = [];

  put(contents: Buffer | object, mediaType: string): Descriptor {
    const bytes = Buffer.isBuffer(contents) ? contents : Buffer.from(JSON.stringify(contents));
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  image(image: ForeignImage): Descriptor {
    const config = this.put(foreignConfig(image), mediaTypes.ociConfig);
    const layers = (image.listed ?? image.layers).map((name) => this.put(foreignLayer(name), mediaTypes.ociLayer));
    return this.manifest({ config, layers });
  }

  manifest(fields: object): Descriptor {
    return this.put({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, ...fields }, mediaTypes.ociManifest);
  }

  index(manifests: readonly object[]): Descriptor {
    return this.put({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }, mediaTypes.ociIndex);
  }

  /** A signature as cosign makes it, that says of nothing what it signs. */
  signature(more: object = {}): Descriptor {
    const layer = this.put({ critical: more }, "application/vnd.dev.cosign.simplesigning.v1+json");
    const config = this.put({ rootfs: { type: "layers", diff_ids: [layer.digest] } }, mediaTypes.ociConfig);
    return this.manifest({ config, layers: [layer], ...more });
  }

  /** Something that refers to a manifest; what it is, is in the configuration's type alone. */
  referrer(subject: Descriptor, type: string, more: object = {}): Descriptor {
    const config = this.put({}, type);
    const layers = [this.put({ type }, "application/json")];
    const { mediaType, digest, size } = subject;
    return this.manifest({ config, layers, subject: { mediaType, digest, size }, ...more });
  }

  /** Takes a blob away, as from an image of which only part was pulled. */
  drop({ digest }: Descriptor): void {
    this.blobs.delete(digest);
  }

  /** Gives `index.json` an entry. */
  enter(descriptor: Descriptor, annotations?: Readonly<Record<string, string>>): void {
    this.entries.push(annotations === undefined ? descriptor : { ...descriptor, annotations });
  }

  files(): readonly (readonly [string, Buffer])[] {
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: this.entries };
    return [
      ["oci-layout", Buffer.from(JSON.stringify({ imageLayoutVersion: "1.0.0" }))],
      ["index.json", Buffer.from(JSON.stringify(index))],
      ...[...this.blobs].map(([digest, bytes]) => [`blobs/sha256/${hexOf(digest)}`, bytes] as const),
    ];
  }

  writeTo(folder: string): void {
    for (const [path, bytes] of this.files()) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
  }
}

/** A tar of files in this order; a name may stand in it twice. */
export function tarOfEntries(entries: readonly (readonly [string, Buffer])[]): Buffer {
  const blocks = entries.flatMap(([name, bytes]) => [
    formatTarHeader({ name, size: bytes.length }),
    bytes,
    Buffer.alloc(tarPadding(bytes.length)),
  ]);
  return Buffer.concat([...blocks, formatTarEnd()]);
}

/** An archive as `docker save` wrote it before it wrote layouts: `manifest.json` over files. */
export function savedEntries(
  image: ForeignImage,
  tags: readonly string[] | null,
): readonly (readonly [string, Buffer])[] {
  const config = foreignConfig(image);
  const name = `${hexOf(digestOf(config))}.json`;
  const layers = image.layers.map((layer) => [`${layer}/layer.tar`, foreignLayer(layer)] as const);
  const list = [{ Config: name, RepoTags: tags, Layers: layers.map(([path]) => path) }];
  return [...new Map(layers), [name, config], ["manifest.json", Buffer.from(JSON.stringify(list))]];
}
