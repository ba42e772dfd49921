import type { Readable } from "node:stream";
import type { ImageSource } from "../oci/content.ts";
import type { BundledArtifact, BundleManifest } from "./bundle-manifest.ts";

/** How a bundle was found to be trustworthy. */
export type Trust =
  | { readonly state: "signed"; readonly keyId: string; readonly comment: string }
  /** Only with the caller's explicit word. */
  | { readonly state: "unsigned" };

/** One entry of the tar; the offset is that of its bytes in the whole, joined bundle. */
export interface BundleEntry {
  readonly path: string;
  readonly offset: number;
  readonly size: number;
  /** From `checksums.txt`; absent for `bundle.json`, its signature and `checksums.txt` themselves. */
  readonly digest?: string;
}

/**
 * An open bundle whose signature, root document, checksums and structure were checked: nothing unlisted is in it, nothing
 * listed is missing or of another length. The bytes of blobs are checked by their reader. Nothing is unpacked.
 */
export interface BundleReader extends ImageSource {
  readonly kind: "bundle";
  /** Of the file that was opened: of a delta, the delta's own. */
  readonly manifest: BundleManifest;
  /** Of a delta opened with its base: the document of the full bundle; else the same as `manifest`. */
  readonly complete: BundleManifest;
  /** Digest of the root document of what is complete. */
  readonly root: string;
  readonly trust: Trust;
  readonly entries: readonly BundleEntry[];
  /**
   * A small file of the bundle, verified.
   * @throws BundleError when it is damaged or not there
   */
  readFile(path: string): Promise<Buffer>;
  openArtifact(artifact: BundledArtifact): Promise<Readable>;
}

/** What `openBundle` (`open-bundle.ts`) is asked for. */
export interface OpenBundleRequest {
  /** A bundle, the header of a split one (`….split.json`), or one of its parts; a delta first and its bases after it. */
  readonly paths: readonly string[];
  /** Folders in which parts are looked for besides the header's own. */
  readonly partFolders: readonly string[];
  /** Minisign public keys, as in a `.pub` file. */
  readonly trustedKeys: readonly string[];
  readonly allowUnsigned: boolean;
}
