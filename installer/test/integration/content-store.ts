import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { formatTarEnd, formatTarHeader, tarPadding } from "../../src/bundle/tar/tar-header.ts";
import { BundleError } from "../../src/errors/installer-error.ts";
import type { Content } from "../../src/oci/content.ts";
import { type Descriptor, mediaTypes } from "../../src/oci/descriptor.ts";

/** Content in memory, with images that an engine can really run nothing of but keep. */
export class ContentStore {
  readonly blobs = new Map<string, Buffer>();
  /** Digests that were opened, in order. */
  readonly opened: string[] = [];

  add(bytes: Buffer | string, mediaType: string): Descriptor {
    const data = Buffer.from(bytes);
    const digest = `sha256:${createHash("sha256").update(data).digest("hex")}`;
    this.blobs.set(digest, data);
    return { mediaType, digest, size: data.length };
  }

  readonly content: Content = {
    open: (descriptor, range) => {
      const bytes = this.blobs.get(descriptor.digest);
      if (bytes === undefined) return Promise.reject(new BundleError(`${descriptor.digest} is not there`));
      this.opened.push(descriptor.digest);
      return Promise.resolve(Readable.from([range === undefined ? bytes : bytes.subarray(range.start, range.end)]));
    },
  };

  /** An image of one file a layer; the first layer is packed with gzip when `packed`. */
  image(files: readonly (readonly [string, string])[], packed = false): { manifest: Descriptor; config: string } {
    const tars = files.map(([name, text]) => tarOf(name, text));
    const layers = tars.map((tar, index) =>
      packed && index === 0 ? this.add(gzipSync(tar), mediaTypes.ociLayerGzip) : this.add(tar, mediaTypes.ociLayer),
    );
    const config = this.add(
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        config: { Cmd: ["/none"] },
        rootfs: {
          type: "layers",
          diff_ids: tars.map((tar) => `sha256:${createHash("sha256").update(tar).digest("hex")}`),
        },
      }),
      mediaTypes.ociConfig,
    );
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
    return { manifest: this.add(JSON.stringify(manifest), mediaTypes.ociManifest), config: config.digest };
  }
}

/** A tar of one file. */
export function tarOf(name: string, text: string): Buffer {
  const data = Buffer.from(text);
  return Buffer.concat([
    formatTarHeader({ name, size: data.length }),
    data,
    Buffer.alloc(tarPadding(data.length)),
    formatTarEnd(),
  ]);
}
