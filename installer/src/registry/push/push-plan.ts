import type { Descriptor } from "../../oci/descriptor.ts";
import type { Manifest } from "../../oci/manifest.ts";
import type { StoredManifest } from "../registry-client.ts";

/** A manifest read from the source, with what it says. */
export interface ReadManifest extends StoredManifest {
  readonly manifest: Manifest;
}

/** A manifest that refers to an image or a part of it: a signature, an attestation, an SBOM. */
export interface PlannedReferrer {
  readonly root: Descriptor;
  /** Its own manifests, children first; the last is the root. */
  readonly manifests: readonly ReadManifest[];
  /** Where it is found by a tag (cosign). */
  readonly tag?: string;
}

/** An image that is to be pushed, with everything it consists of. */
export interface PlannedImage {
  /** The reference at the source, in full. */
  readonly source: string;
  /** The reference at the target, in full. */
  readonly target: string;
  /** Repository inside the target registry. */
  readonly repository: string;
  /** Absent where the image is known by its digest alone. */
  readonly tag?: string;
  /** What the tag stands for there until now, where that is something else. */
  readonly replaces?: string;
  readonly root: Descriptor;
  /** Children before those that name them; the last is the root. */
  readonly manifests: readonly ReadManifest[];
  readonly referrers: readonly PlannedReferrer[];
}

/** A blob and every repository that needs it. */
export interface PlannedBlob {
  readonly descriptor: Descriptor;
  /** The first one gets the bytes, the others mount from it. */
  readonly repositories: readonly string[];
}

/** What is to be done at a registry. Images that are there already are not in it. */
export interface PushPlan {
  /** Host and port. */
  readonly host: string;
  readonly images: readonly PlannedImage[];
  /** Each once, the largest first. */
  readonly blobs: readonly PlannedBlob[];
  /** Bytes of the blobs, each once. */
  readonly bytes: number;
  /** Per repository, sorted: blobs that are to be there, each once per repository, as quotas count them. */
  readonly repositories: readonly {
    readonly repository: string;
    readonly blobs: readonly Descriptor[];
    readonly bytes: number;
  }[];
}
