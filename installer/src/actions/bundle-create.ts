import { InternalError } from "../errors/installer-error.ts";
import type { BundleSigning } from "./bundle-signing.ts";
import type { ActionPorts, InstallTarget, ResultHead, ValuesSelection } from "./context.ts";

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
  readonly partSize?: number;
  readonly parity?: number;
  /** Of a delta: the bundle it is relative to; a delta first and its bases after it. */
  readonly since: readonly string[];
  readonly tools: readonly BundleTool[];
  readonly executables: readonly string[];
  /** Public keys for bundles that are read here. */
  readonly keyFiles: readonly string[];
  readonly allowUnsigned: boolean;
  readonly signing: BundleSigning;
  readonly plainHttp: boolean;
  readonly caFile?: string;
  readonly dryRun: boolean;
  /** Blobs handled at the same time. */
  readonly jobs?: number;
}

export interface BundleCreateResult extends ResultHead<"BundleCreateResult"> {
  readonly output: string;
  readonly name: string;
  readonly version: string;
  readonly content: "full" | "delta";
  readonly platforms: readonly string[];
  /** Digest of the root document. */
  readonly root: string;
  readonly signed: boolean;
  readonly dryRun: boolean;
  /** Of the whole file, headers and all. */
  readonly bytes: number;
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

/**
 * Makes a bundle of a profile.
 * @throws UsageError without a key; PreflightError when an image is nowhere or the disk cannot hold the bundle; BundleError or RegistryError naming what has the wrong digest
 */
export function createBundle(request: BundleCreateRequest, _ports: ActionPorts): Promise<BundleCreateResult> {
  throw new InternalError(`making ${request.output} is not there yet`);
}
