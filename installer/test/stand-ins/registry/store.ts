import { createHash } from "node:crypto";

export interface StoredTestManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly digest: string;
}

/** Blobs and manifests of a registry in memory. A blob belongs to each repository it was sent to or mounted in. */
export interface TestStore {
  readonly blobs: Map<string, Buffer>;
  /** Also of blobs that were forgotten. */
  readonly sizes: Map<string, number>;
  readonly links: Map<string, Set<string>>;
  readonly manifests: Map<string, Map<string, StoredTestManifest>>;
  readonly tagsOf: Map<string, Map<string, string>>;
  hasBlob(repository: string, digest: string): boolean;
  addBlob(repository: string, bytes: Buffer): string;
  keep(repository: string, digest: string, bytes: Buffer, size?: number): void;
  link(repository: string, digest: string): void;
  addManifest(repository: string, bytes: Buffer, mediaType: string, tag?: string): string;
  manifest(repository: string, reference: string): StoredTestManifest | undefined;
  /** Bytes that count against the quota of a project: each blob once per project. */
  projectBytes(project: string): number;
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function createTestStore(): TestStore {
  const blobs = new Map<string, Buffer>();
  const sizes = new Map<string, number>();
  const links = new Map<string, Set<string>>();
  const manifests = new Map<string, Map<string, StoredTestManifest>>();
  const tagsOf = new Map<string, Map<string, string>>();
  const link = (repository: string, digest: string): void => {
    links.set(repository, (links.get(repository) ?? new Set()).add(digest));
  };
  const keep = (repository: string, digest: string, bytes: Buffer, size = bytes.length): void => {
    blobs.set(digest, bytes);
    sizes.set(digest, size);
    link(repository, digest);
  };
  return {
    blobs,
    sizes,
    keep,
    links,
    manifests,
    tagsOf,
    link,
    hasBlob: (repository, digest) => links.get(repository)?.has(digest) === true,
    addBlob: (repository, bytes) => {
      const digest = sha256(bytes);
      keep(repository, digest, bytes);
      return digest;
    },
    addManifest: (repository, bytes, mediaType, tag) => {
      const digest = sha256(bytes);
      const kept = manifests.get(repository) ?? new Map<string, StoredTestManifest>();
      manifests.set(repository, kept.set(digest, { bytes, mediaType, digest }));
      if (tag !== undefined)
        tagsOf.set(repository, (tagsOf.get(repository) ?? new Map<string, string>()).set(tag, digest));
      return digest;
    },
    manifest: (repository, reference) => {
      const digest = reference.startsWith("sha256:") ? reference : tagsOf.get(repository)?.get(reference);
      return digest === undefined ? undefined : manifests.get(repository)?.get(digest);
    },
    projectBytes: (project) => {
      const digests = [...links].filter(([name]) => name.split("/")[0] === project).flatMap(([, set]) => [...set]);
      return [...new Set(digests)].reduce((sum, digest) => sum + (sizes.get(digest) ?? 0), 0);
    },
  };
}
