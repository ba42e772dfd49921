import type { Readable } from "node:stream";
import type { Descriptor, Platform } from "./descriptor.ts";

/** Part of a blob: from `start` up to but without `end`, in bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Bytes of a file of this machine, `end` not included. */
export interface FileSpan {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** Blobs and manifests by digest, openable in any order and many at a time. Bytes come unverified unless a source says that it verifies: the reader checks them. */
export interface Content {
  /**
   * @throws BundleError or RegistryError naming the digest when it is not there
   */
  open(descriptor: Descriptor, range?: ByteRange): Promise<Readable>;
  /** The same without a digest taken, where `open` takes one: for bytes that go to somebody who does. */
  readonly openUnhashed?: (descriptor: Descriptor, range?: ByteRange) => Promise<Readable>;
  /** Up to so many bytes from its beginning, where that is less work than a stream. @throws as `open` */
  readonly read?: (descriptor: Descriptor, limit: number) => Promise<Buffer>;
  /** Where the bytes lie in files of this machine, one piece after the other; undefined where they do not. */
  readonly locate?: (descriptor: Descriptor) => Promise<readonly FileSpan[] | undefined>;
  /** Bytes of what is there under a digest, undefined where nothing is; left out where only reading would tell. */
  readonly sizeOf?: (digest: string) => Promise<number | undefined>;
}

/** An image as one source has it. */
export interface SourceImage {
  /** The reference that was asked for. */
  readonly reference: string;
  /** Index or manifest, unnarrowed, as the source has it. */
  readonly root: Descriptor;
  /** Manifests that refer to the root or its children: signatures, attestations, SBOMs. `tag` where the source finds them by one (cosign). */
  readonly referrers: readonly { readonly descriptor: Descriptor; readonly subject: string; readonly tag?: string }[];
}

/** An image as a source knows it by itself, whatever it is asked for. */
export interface ListedImage {
  readonly digest: string;
  /** In full; none where the source has no name for it. */
  readonly references: readonly string[];
  /** Where the source knows a tag alone. */
  readonly tag?: string;
}

/** Where images come from: a registry, an engine, a layout, an archive or a bundle. */
export interface ImageSource {
  readonly kind: "registry" | "engine" | "layout" | "archive" | "bundle";
  /** For people: `registry harbor.corp`, `oci layout /media/usb/layout`. */
  readonly name: string;
  /**
   * Undefined when the source does not have the image.
   * @throws RegistryError, BundleError when the source cannot be read
   */
  resolve(reference: string, platforms: readonly Platform[]): Promise<SourceImage | undefined>;
  /** Every image, where the source can tell. */
  readonly list?: () => Promise<readonly ListedImage[]>;
  readonly content: Content;
  /**
   * Hands over each wanted blob once, in the order that suits the source; never more than `concurrency` at a time.
   * Sources that can open content in any order leave it out.
   */
  readonly feed?: (wanted: readonly Descriptor[], take: TakeBlob, signal: AbortSignal) => Promise<void>;
  close(): Promise<void>;
}

export type TakeBlob = (descriptor: Descriptor, bytes: Readable) => Promise<void>;
