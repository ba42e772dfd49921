import { type Findings, sizeProblem } from "./findings.ts";
import {
  isBeingMade,
  isUnfinishedMirror,
  lfsKeyOf,
  type ObjectRow,
  type RepositoryRow,
  repositoryPathOf,
} from "./hub-layout.ts";
import type { LfsPointer } from "./lfs-pointer.ts";

export interface HubRows {
  readonly repositories: readonly RepositoryRow[];
  readonly objects: readonly ObjectRow[];
}

/** What a backup holds of a hub. */
export interface StoredHub {
  readonly rows: HubRows;
  /** The LFS pointers of each stored repository, by its path; undefined where no repositories were copied. */
  readonly repositories?: ReadonlyMap<string, readonly LfsPointer[]>;
  /** Bytes of the objects in the hub's bucket, by key; undefined where no objects were copied. */
  readonly objects?: ReadonlyMap<string, number>;
}

/** Follows row → repository → LFS pointer → object, and row → object. */
export function auditHub(hub: StoredHub, findings: Findings): void {
  const { rows, repositories, objects } = hub;
  if (repositories !== undefined) followRows(rows.repositories, repositories, findings);
  if (objects !== undefined) followObjects(rows, repositories, objects, findings);
}

function followRows(
  rows: readonly RepositoryRow[],
  stored: ReadonlyMap<string, readonly LfsPointer[]>,
  findings: Findings,
): void {
  const named = new Set<string>();
  for (const row of rows) {
    const path = repositoryPathOf(row);
    named.add(path);
    if (row.isDeleted) continue;
    const isThere = stored.has(path);
    const reason = isThere ? undefined : reasonForNone(row);
    if (reason !== undefined) findings.pass(reason);
    else findings.follow({ kind: "row-repository", from: nameOf(row), to: path }, isThere ? undefined : "is missing");
  }
  for (const path of stored.keys()) if (!named.has(path)) findings.orphan();
}

/** Why a row may have no repository, or undefined when it must have one. */
function reasonForNone(row: RepositoryRow): string | undefined {
  if (isUnfinishedMirror(row)) return `mirror without a repository yet (${String(row.syncStatus)})`;
  return isBeingMade(row) ? "row of a repository that the hub has not finished making" : undefined;
}

function followObjects(
  { repositories: rows, objects: objectRows }: HubRows,
  repositories: StoredHub["repositories"],
  objects: ReadonlyMap<string, number>,
  findings: Findings,
): void {
  const rowsOf = Map.groupBy(objectRows, ({ repositoryId }) => repositoryId);
  for (const row of rows) {
    const own = rowsOf.get(row.id) ?? [];
    if (row.isDeleted) continue;
    const pointers = repositories?.get(repositoryPathOf(row));
    if (row.isXnet) {
      findings.pass("repository whose objects are in the chunk store, which is not copied");
      continue;
    }
    const follow = (kind: "row-object" | "pointer-object", { oid, size }: LfsPointer): void => {
      const to = lfsKeyOf(row, oid);
      const from = `${kind === "row-object" ? "an object's row" : "an LFS file"} of ${nameOf(row)}`;
      findings.follow({ kind, from, to }, sizeProblem(objects.get(to), size));
    };
    followPointers(row, pointers ?? [], own, { findings, follow: (pointer) => follow("pointer-object", pointer) });
    const used = pointers === undefined ? undefined : new Set(pointers.map(({ oid }) => oid));
    for (const object of own) {
      const isThere = objects.get(lfsKeyOf(row, object.oid)) === object.size;
      const reason = isThere ? undefined : reasonForNoObject(object, used);
      if (reason === undefined) follow("row-object", object);
      else findings.pass(reason);
    }
  }
}

/**
 * Why a row may have no object, or undefined when it must have one. The hub writes such rows also for a commit that its own check then
 * declines for the lack of the object (component/repo.go, CommitFiles): where no file in Git has the pointer, nobody misses it.
 */
function reasonForNoObject({ oid, isExisting, isXnet }: ObjectRow, used: ReadonlySet<string> | undefined) {
  if (isXnet) return "object in the chunk store, which is not copied";
  if (!isExisting) return "object that a mirror has not fetched";
  return used?.has(oid) === false
    ? "row of an object that is not there as it says, and that no file in Git stands for"
    : undefined;
}

function followPointers(
  row: RepositoryRow,
  pointers: readonly LfsPointer[],
  objectRows: readonly ObjectRow[],
  { findings, follow }: { readonly findings: Findings; readonly follow: (pointer: LfsPointer) => void },
): void {
  if (pointers.length === 0) return;
  const known = new Map(objectRows.map((object) => [object.oid, object]));
  for (const pointer of pointers) {
    const reason = reasonToPass(row, known.get(pointer.oid));
    if (reason === undefined) follow(pointer);
    else findings.pass(reason);
  }
}

/**
 * Why a pointer may lead nowhere, or undefined when it must not. Objects come before what is pushed, which the hub checks
 * (component/checker/lfs_exists_checker.go), whether there is a row of them yet or not. Only mirrors, and forks, which are made with
 * their repository first, have Git before the objects.
 */
function reasonToPass(row: RepositoryRow, object: ObjectRow | undefined): string | undefined {
  if (isBeingMade(row)) return "LFS pointer in a repository that the hub has not finished making";
  if (object?.isXnet === true) return "LFS pointer to the chunk store, which is not copied";
  const isMirror = row.syncStatus !== null && row.syncStatus !== "";
  const isFetched = isMirror ? object?.isExisting === true && !isUnfinishedMirror(row) : object?.isExisting !== false;
  return isFetched ? undefined : "LFS pointer whose object a mirror has not fetched";
}

function nameOf({ type, path, id }: RepositoryRow): string {
  return `${type} ${path} (${id})`;
}
