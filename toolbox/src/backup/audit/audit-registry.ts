import { type Findings, sizeProblem } from "./findings.ts";
import { linkSha256, type RegistryKey } from "./registry-layout.ts";
import type { Descriptor, Manifest } from "./registry-manifest.ts";

interface StoredBlob {
  readonly size: number;
  /** Of its content, in hex. */
  readonly sha256: string;
}

/** What a repository of the registry has, which is less than what the registry has. */
interface StoredNames {
  /** Hash of the link's content, by digest. */
  readonly manifests: Map<string, string>;
  readonly layers: Set<string>;
  /** Hash of the link's content, by tag. */
  readonly tags: Map<string, string>;
}

/** What a backup holds of a registry. */
export interface StoredRegistry {
  readonly blobs: Map<string, StoredBlob>;
  readonly repositories: Map<string, StoredNames>;
}

/** A registry without anything. */
export function emptyRegistry(): StoredRegistry {
  return { blobs: new Map(), repositories: new Map() };
}

/** Adds what one object of the bucket says. */
export function addToRegistry({ blobs, repositories }: StoredRegistry, key: RegistryKey, object: StoredBlob): void {
  if (key.kind === "blob") {
    blobs.set(key.digest, { size: object.size, sha256: object.sha256 });
    return;
  }
  const names = repositories.get(key.repository) ?? { manifests: new Map(), layers: new Set(), tags: new Map() };
  repositories.set(key.repository, names);
  if (key.kind === "tag") names.tags.set(key.tag, object.sha256);
  else if (key.kind === "layer") names.layers.add(key.digest);
  else names.manifests.set(key.digest, object.sha256);
}

/** The manifests that have to be read before references can be followed: those that a repository has, and that are there. */
export function manifestsOf({ blobs, repositories }: StoredRegistry): ReadonlySet<string> {
  const digests = [...repositories.values()].flatMap(({ manifests }) => [...manifests.keys()]);
  return new Set(digests.filter((digest) => blobs.has(digest)));
}

/**
 * Follows tag → manifest → config, layers and manifests, all the way to the blobs.
 * @param manifests what was read, by digest; undefined for one of an unknown kind
 */
export function auditRegistry(
  registry: StoredRegistry,
  manifests: ReadonlyMap<string, Manifest | undefined>,
  findings: Findings,
): void {
  for (const [name, names] of registry.repositories) {
    const repository = { ...names, name, registry, findings };
    const digests = new Map([...names.manifests.keys()].map((digest) => [linkSha256(digest), digest]));
    for (const [tag, sha256] of names.tags) followTag(repository, tag, digests.get(sha256));
    for (const [digest, sha256] of names.manifests) {
      followLink(repository, digest, sha256);
      if (!registry.blobs.has(digest)) continue;
      const manifest = manifests.get(digest);
      if (manifest === undefined) findings.pass("manifest of a kind that this version does not know");
      else followManifest(repository, digest, manifest);
    }
  }
}

interface FollowedRepository extends StoredNames {
  readonly name: string;
  readonly registry: StoredRegistry;
  readonly findings: Findings;
}

function followTag({ name, findings }: FollowedRepository, tag: string, digest: string | undefined): void {
  const to = digest ?? "a manifest that the repository does not have";
  findings.follow(
    { kind: "tag-manifest", from: `${name}:${tag}`, to },
    digest === undefined ? "is missing" : undefined,
  );
}

function followLink({ name, registry, findings }: FollowedRepository, digest: string, sha256: string): void {
  const isTorn = sha256 !== linkSha256(digest);
  const problem = isTorn ? "is not what the link leads to" : contentProblem(registry, digest);
  findings.follow({ kind: "link-manifest", from: name, to: digest }, problem);
}

function followManifest(repository: FollowedRepository, digest: string, manifest: Manifest): void {
  const from = `${repository.name}@${digest}`;
  const { findings, manifests, layers } = repository;
  if (manifest.kind === "index") {
    for (const child of manifest.manifests) {
      const problem = partProblem(repository, child, manifests);
      findings.follow({ kind: "index-manifest", from, to: child.digest }, problem);
    }
    return;
  }
  const { config } = manifest;
  findings.follow({ kind: "manifest-config", from, to: config.digest }, partProblem(repository, config, layers));
  for (const layer of manifest.layers) {
    findings.follow({ kind: "manifest-layer", from, to: layer.digest }, partProblem(repository, layer, layers));
  }
}

/**
 * The registry gives a blob to who asks a repository for it only where that repository has a link to it, too (distribution v3.1.2,
 * registry/storage/linkedblobstore.go).
 */
function partProblem(
  { registry }: FollowedRepository,
  { digest, size }: Descriptor,
  linked: { readonly has: (digest: string) => boolean },
): string | undefined {
  const problem = sizeProblem(registry.blobs.get(digest)?.size, size) ?? contentProblem(registry, digest);
  if (problem !== undefined) return problem;
  return linked.has(digest) ? undefined : "is there, but the repository has no link to it";
}

function contentProblem({ blobs }: StoredRegistry, digest: string): string | undefined {
  const blob = blobs.get(digest);
  if (blob === undefined) return "is missing";
  const [algorithm, hex] = digest.split(":");
  return algorithm === "sha256" && hex !== blob.sha256 ? "has another content" : undefined;
}
