import { createHash } from "node:crypto";

/** A row of the table `repositories` of csghub-server. */
export interface RepositoryRow {
  /** A 64-bit number, in decimal. */
  readonly id: string;
  /** As "model". */
  readonly type: string;
  /** Namespace and name. */
  readonly path: string;
  readonly isHashed: boolean;
  /** Its LFS objects lie under its own prefix. */
  readonly isMigrated: boolean;
  /** Its LFS objects are in the chunk store, not in the hub's bucket. */
  readonly isXnet: boolean;
  /** How far a mirror is; null for a repository that is none. */
  readonly syncStatus: string | null;
  readonly isDeleted: boolean;
}

/** A row of the table `lfs_meta_objects` of csghub-server. */
export interface ObjectRow {
  readonly repositoryId: string;
  readonly oid: string;
  readonly size: number;
  /** Whether the object was uploaded; a mirror has rows of what is still to be fetched. */
  readonly isExisting: boolean;
  readonly isXnet: boolean;
}

// Both layouts: csghub-server v2.4.0-ce, common/utils/common/repo.go and builder/store/database/repository.go (GitalyPath).

/** Where Gitaly has a repository, relative to its storage. */
export function repositoryPathOf({ id, type, path, isHashed }: RepositoryRow): string {
  if (isHashed) return `@hashed_repos/${hashedId(id)}.git`;
  const [namespace = "", name = ""] = path.split("/");
  return `${type}s_${namespace}/${name}.git`.toLowerCase();
}

/** The key of an LFS object in the hub's bucket. */
export function lfsKeyOf({ id, isMigrated }: RepositoryRow, oid: string): string {
  if (isMigrated) return `${lfsPrefixOf({ id })}${oid}`;
  return `lfs/${oid.slice(0, 2)}/${oid.slice(2, 4)}/${oid.slice(4)}`;
}

/** What stands before the keys of a repository's own LFS objects. */
export function lfsPrefixOf({ id }: Pick<RepositoryRow, "id">): string {
  return `repos/${hashedId(id)}/`;
}

/** The same of a key; undefined for one that is not of one repository. */
export function lfsPrefixIn(key: string): string | undefined {
  return isLfsKey(key) && key.startsWith("repos/") ? key.slice(0, key.lastIndexOf("/") + 1) : undefined;
}

/** Whether a key can be that of an LFS object. */
export function isLfsKey(key: string): boolean {
  return /^(?:repos\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{64}\/[0-9a-f]{64}|lfs\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60})$/.test(
    key,
  );
}

/**
 * Whether a mirror's repository and objects may still be missing. Rows come first; the repository is made when its turn comes
 * (mirror/reposyncer/repo.go), its objects are fetched after it (mirror/lfssyncer/lfs.go). The other states are null and "completed".
 */
export function isUnfinishedMirror({ syncStatus }: RepositoryRow): boolean {
  return ["pending", "inprogress", "failed", "canceled"].includes(syncStatus ?? "");
}

/**
 * Whether the hub has not finished making the repository. Until then, and for ever when Gitaly failed, the row has a random UUID, cut at
 * its first hyphen, in place of namespace and name (component/repo.go, CreateRepo and CreateFork).
 */
export function isBeingMade({ path }: RepositoryRow): boolean {
  return /^[0-9a-f]{8}\/[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(path);
}

function hashedId(id: string): string {
  const hash = createHash("sha256").update(id).digest("hex");
  return `${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`;
}
