import type { Row, ScratchServer } from "../scratch-server.ts";
import type { HubRows } from "./audit-hub.ts";
import type { ObjectRow, RepositoryRow } from "./hub-layout.ts";

/** Tables of csghub-server v2.4.0-ce, from its migrations in builder/store/database/migrations. */
const repositoriesSql = `select id::text as id, repository_type as type, path, hashed, migrated, coalesce(xnet_enabled, false) as xnet,
  sync_status as state, deleted_at is not null as deleted from repositories order by id`;
const objectsSql = `select repository_id::text as repository, oid, size::float8 as size, existing, coalesce(xnet_used, false) as xnet
  from lfs_meta_objects order by id`;
const tablesSql = `select count(*)::int as tables from information_schema.columns where table_schema = 'public'
  and (table_name, column_name) in (('repositories', 'hashed'), ('lfs_meta_objects', 'existing'))`;

/** The hub's rows from whichever database has its tables; undefined where none has. */
export async function readHubRows(
  server: Pick<ScratchServer, "query">,
  databases: readonly string[],
): Promise<HubRows | undefined> {
  for (const database of databases) {
    const [found] = await server.query(database, tablesSql);
    if (found?.["tables"] !== 2) continue;
    const repositories = await server.query(database, repositoriesSql);
    const objects = await server.query(database, objectsSql);
    return { repositories: repositories.map(toRepository), objects: objects.map(toObject) };
  }
  return undefined;
}

function toRepository(row: Row): RepositoryRow {
  const state = row["state"];
  return {
    id: String(row["id"]),
    type: String(row["type"]),
    path: String(row["path"]),
    isHashed: row["hashed"] === true,
    isMigrated: row["migrated"] === true,
    isXnet: row["xnet"] === true,
    syncStatus: typeof state === "string" ? state : null,
    isDeleted: row["deleted"] === true,
  };
}

function toObject(row: Row): ObjectRow {
  return {
    repositoryId: String(row["repository"]),
    oid: String(row["oid"]),
    size: Number(row["size"]),
    isExisting: row["existing"] === true,
    isXnet: row["xnet"] === true,
  };
}
