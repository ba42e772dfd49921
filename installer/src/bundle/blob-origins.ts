import { Readable } from "node:stream";
import type { InstallerError } from "../errors/installer-error.ts";
import type { ImageSource } from "../oci/content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { contentError } from "./content-error.ts";

/** Where the bytes of a blob come from. */
export type BlobOrigin =
  | { readonly kind: "bytes"; readonly name: string; readonly bytes: Uint8Array }
  /** A file of this machine, all of it. */
  | { readonly kind: "file"; readonly name: string; readonly open: () => Promise<Readable> }
  | { readonly kind: "source"; readonly source: ImageSource };

/** A blob that is to be written, and from where. */
export interface OriginatedBlob {
  readonly descriptor: Descriptor;
  /** For people: `the image docker.io/slipway/postgres:…`. */
  readonly owner: string;
  readonly origin: BlobOrigin;
}

/** The error of a blob whose bytes are not what its digest says. */
export function originError({ descriptor, owner, origin }: OriginatedBlob): (problem: string) => InstallerError {
  const source = origin.kind === "source" ? origin.source : { kind: "archive" as const, name: origin.name };
  return contentError(source, `${descriptor.digest} of ${owner}`);
}

/** The bytes of a blob from `start` on; files are read from their beginning. */
export async function openOrigin(blob: OriginatedBlob, start: number): Promise<Readable> {
  const { origin, descriptor } = blob;
  switch (origin.kind) {
    case "bytes":
      return Readable.from([Buffer.from(origin.bytes.buffer, origin.bytes.byteOffset, origin.bytes.byteLength)]);
    case "file":
      return origin.open();
    case "source":
      return origin.source.content.open(descriptor, start === 0 ? undefined : { start, end: descriptor.size });
  }
}
