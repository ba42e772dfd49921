import type { Readable } from "node:stream";
import type { InstallerError } from "../errors/installer-error.ts";
import type { FileSpan, ImageSource } from "../oci/content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { contentError } from "./content-error.ts";

/** Where the bytes of a blob come from. */
export type BlobOrigin =
  | { readonly kind: "bytes"; readonly name: string; readonly bytes: Uint8Array }
  /** Pieces of files of this machine. */
  | { readonly kind: "files"; readonly name: string; readonly spans: readonly FileSpan[] }
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

/** Where the bytes of a blob lie in files, where they do. */
export async function locateOrigin({ origin, descriptor }: OriginatedBlob): Promise<readonly FileSpan[] | undefined> {
  switch (origin.kind) {
    case "bytes":
      return undefined;
    case "files":
      return origin.spans;
    case "source":
      return origin.source.content.locate?.(descriptor);
  }
}

/** The bytes of a blob of a source from `start` on. */
export function openOrigin(source: ImageSource, descriptor: Descriptor, start: number): Promise<Readable> {
  return source.content.open(descriptor, start === 0 ? undefined : { start, end: descriptor.size });
}
