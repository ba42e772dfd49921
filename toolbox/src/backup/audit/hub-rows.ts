import type { Row, ScratchServer } from "../scratch-server.ts";
import type { HubRows } from "./audit-hub.ts";
import type { ObjectRow, RepositoryRow } from "./hub-layout.ts";

/** Tables of csghub-server v2.4.0-ce, from its migrations in builder/store/database/migrations. */
const repositoriesSql = `select id::text as id, repository_type as type, path, hashed, migrated, coalesce(xnet_enabled, false) as xnet,
  sync_status as state, deleted_at is not null as deleted from public.repositories order by id`;
const objectsSql = `select repository_id::text as repository, oid, size::float8 as size, existing, coalesce(xnet_used, false) as xnet
  from public.lfs_meta_objects order by id`;
/** They belong to somebody who must get nothing done with an administrator's rights: a view or a type of his own would. */
const tablesSql = `select count(*)::int as tables from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind = 'r'
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
  where (c.relname, a.attname) in (('repositories', 'hashed'), ('lfs_meta_objects', 'existing'))
  and not exists (select from pg_catalog.pg_attribute o join pg_catalog.pg_type t on t.oid = o.atttypid
    where o.attrelid = c.oid and t.typnamespace <> 'pg_catalog'::regnamespace
    and o.attname in ('id', 'repository_type', 'path', 'hashed', 'migrated', 'xnet_enabled', 'sync_status', 'deleted_at',
      'repository_id', 'oid', 'size', 'existing', 'xnet_used'))`;

type Rows = Pick<ScratchServer, "query">;

/** The hub's rows from whichever database has its tables; undefined where none has. */
export async function readHubRows(server: Rows, databases: readonly string[]): Promise<HubRows | undefined> {
  const database = await findHub(server, databases);
  if (database === undefined) return undefined;
  const objects = await server.query(database, objectsSql);
  return { repositories: await readRepositories(server, database), objects: objects.map(toObject) };
}

/** The same of its repositories alone. */
export async function readHubRepositories(
  server: Rows,
  databases: readonly string[],
): Promise<readonly RepositoryRow[] | undefined> {
  const database = await findHub(server, databases);
  return database === undefined ? undefined : readRepositories(server, database);
}

async function findHub(server: Rows, databases: readonly string[]): Promise<string | undefined> {
  for (const database of databases) {
    const [found] = await server.query(database, tablesSql);
    if (found?.["tables"] === 2) return database;
  }
  return undefined;
}

async function readRepositories(server: Rows, database: string): Promise<readonly RepositoryRow[]> {
  return (await server.query(database, repositoriesSql)).map(toRepository);
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
