import type { BundleSigning } from "./bundle-signing.ts";
import type { InstallTarget, ResultHead, ValuesSelection } from "../context.ts";

/** A program of others that is carried along. */
export interface BundleTool {
  readonly name: string;
  readonly version?: string;
  readonly file: string;
  /** What the file must have. */
  readonly digest: string;
}

export interface BundleCreateRequest extends InstallTarget {
  readonly values: ValuesSelection;
  /** Absolute path of the bundle, or of what its parts are named after. */
  readonly output: string;
  /** `linux/amd64`; the first is the primary one. */
  readonly platforms: readonly string[];
  /** `engine`, `registry`, `oci:DIR`, or the path of an archive or bundle; engine, then registry when empty. */
  readonly from: readonly string[];
  /** What images without a name are called: `corp/app:1.0` for one, which is carried; `corp/app` for all that have a tag. */
  readonly as?: string;
  readonly partSize?: number;
  readonly parity?: number;
  /** Of a delta: the bundle it is relative to; a delta first and its bases after it. */
  readonly since: readonly string[];
  /** References of further images. */
  readonly images?: readonly string[];
  /** Leave the platform out: only what `images` names, and programs and tools. */
  readonly imagesOnly?: boolean;
  readonly tools: readonly BundleTool[];
  readonly executables: readonly string[];
  /** Public keys for bundles that are read here. */
  readonly keyFiles: readonly string[];
  readonly allowUnsigned: boolean;
  readonly signing: BundleSigning;
  readonly plainHttp: boolean;
  readonly caFile?: string;
  readonly dryRun: boolean;
  /** Where sizes of the engine's layers are kept from run to run. */
  readonly cacheDir: string;
  /** Blobs handled at the same time. */
  readonly jobs?: number;
}

export interface BundleCreateResult extends ResultHead<"BundleCreateResult"> {
  readonly output: string;
  readonly name: string;
  readonly version: string;
  readonly content: "full" | "delta";
  readonly platforms: readonly string[];
  /** Digest of the root document; absent in a dry run, which reads no layers and so cannot know it. */
  readonly root?: string;
  readonly signed: boolean;
  readonly dryRun: boolean;
  /** Of the whole file, headers and all. */
  readonly bytes: number;
  /** Of all its blobs, each once, in bytes. */
  readonly blobBytes: number;
  /** Bytes that an interrupted run had already written. */
  readonly resumedBytes: number;
  /** Every file written. */
  readonly files: readonly string[];
  readonly images: readonly {
    readonly name: string;
    readonly reference: string;
    readonly digest: string;
    readonly source: string;
    readonly bytes: number;
  }[];
  readonly without: readonly string[];
  readonly ms: number;
}
