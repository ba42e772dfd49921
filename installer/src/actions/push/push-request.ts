import type { Finding } from "../../events/event.ts";
import type { PathStyle } from "../../oci/path-rules.ts";
import type { HarborOptions } from "../../registry/harbor/harbor-options.ts";
import type { BlobCounts, ItemState } from "../../registry/push/push-images.ts";
import type { ResultHead } from "../context.ts";
import type { PushSelection } from "./push-sources.ts";
import type { RegistryOptions } from "./registry-options.ts";

export interface PushRequest extends PushSelection {
  /** `host[:port][/project[/prefix]]`. */
  readonly to: string;
  readonly pathStyle: PathStyle;
  readonly registry: RegistryOptions;
  readonly harbor: HarborOptions;
  readonly dryRun: boolean;
}

export interface PushedImage {
  readonly name: string;
  readonly source: string;
  /** In full, with tag where it has one. */
  readonly target: string;
  /** Absent where the source has no whole image to tell it of. */
  readonly digest?: string;
  /** `cached`: it was there. Of a dry run `planned`: it would be pushed. */
  readonly state: ItemState | "planned";
  /** Its blobs, by what became of them. */
  readonly blobs: BlobCounts;
  /** Bytes on the wire for it, those of failed attempts too. */
  readonly sentBytes: number;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly details: readonly string[];
    /** The same command, run again, may bring it there with nothing changed: it failed for the moment. */
    readonly mayPass: boolean;
  };
}

export interface PushResult extends ResultHead<"PushResult"> {
  readonly to: string;
  readonly dryRun: boolean;
  /** Every image is there. */
  readonly ok: boolean;
  readonly images: readonly PushedImage[];
  /** Images by what became of them. */
  readonly counts: BlobCounts & { readonly planned: number };
  /** Blobs, each once for every repository that needs it. */
  readonly blobs: BlobCounts;
  readonly bytes: {
    /** Of the blobs of all images that were not there, each once. */
    readonly unique: number;
    /** On the wire; of a dry run what would be sent, at most. */
    readonly sent: number;
  };
  readonly findings: readonly Finding[];
  readonly ms: number;
}
