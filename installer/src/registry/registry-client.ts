import type { Readable } from "node:stream";
import type { ByteRange } from "../oci/content.ts";
import type { Descriptor } from "../oci/descriptor.ts";

/** A manifest with the exact bytes its digest is of. */
export interface StoredManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export interface BlobPlacement {
  readonly repository: string;
  readonly descriptor: Descriptor;
  /** Opens the bytes from the start; called again for each attempt. */
  readonly open: () => Promise<Readable>;
  /** A repository of this registry that has the blob: tried first, without sending bytes. */
  readonly mountFrom?: string;
  /** Ask first whether the repository has it; left out where it is known to be new. */
  readonly checkFirst: boolean;
  readonly signal: AbortSignal;
  /** Bytes that went onto the wire, as they go; those of attempts that failed too. */
  readonly onBytes?: (bytes: number) => void;
}

/** What will be done in a repository. */
/** What is done in a repository. */
export type Actions = "pull" | "pull,push";

export interface ExpectedAccess {
  readonly repository: string;
  readonly actions: Actions;
}

export type BlobOutcome = "present" | "mounted" | "sent";

/**
 * One registry, spoken to by the OCI distribution specification 1.1. Retries what can be retried (408, 429, 5xx, resets,
 * stalls; with jitter, honouring Retry-After), renews tokens, follows redirects without handing credentials to other hosts.
 * Every method throws RegistryError with plain advice when the registry finally refuses.
 */
export interface RegistryClient {
  /** Host and port as in references. */
  readonly host: string;
  /**
   * Told which repositories will be spoken to, so that tokens for all of them are asked for together, where the registry has
   * tokens. Told again when there may be more rights than before. Nothing is sent.
   */
  expect(access: readonly ExpectedAccess[]): void;
  /** Whether a token says that this may be done; `unsure` where there is none, or it says nothing. Nothing is sent. */
  isGranted(access: { readonly repository: string; readonly actions: Actions | "push" }): boolean | "unsure";
  /** Size and digest of a manifest by tag or digest; one request. Undefined when it is not there. */
  headManifest(repository: string, reference: string): Promise<Descriptor | undefined>;
  /** Digest verified. Undefined when it is not there. */
  getManifest(repository: string, reference: string): Promise<StoredManifest | undefined>;
  /** By tag, or by digest when `reference` is one; the digest the registry answers with is compared. */
  putManifest(repository: string, reference: string, manifest: StoredManifest): Promise<void>;
  openBlob(repository: string, descriptor: Descriptor, range?: ByteRange): Promise<Readable>;
  /** Whether the repository has the blob; no where it may not be looked at. */
  hasBlob(repository: string, descriptor: Pick<Descriptor, "digest" | "size">): Promise<boolean>;
  /** Makes sure the repository has the blob. */
  placeBlob(placement: BlobPlacement): Promise<BlobOutcome>;
  /** Manifests that refer to this one: the referrers API, or the `sha256-…` tags where the registry has none. */
  referrers(
    repository: string,
    digest: string,
  ): Promise<readonly { readonly descriptor: Descriptor; readonly tag?: string }[]>;
  /** Tags; empty when the repository does not exist. */
  tags(repository: string): Promise<readonly string[]>;
  close(): void;
}
