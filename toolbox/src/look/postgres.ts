import type { Client } from "pg";
import type { OutsideDatabase, OutsidePostgres, OutsideRole } from "../contract.generated.ts";
import { errorText, ToolboxError } from "../errors.ts";
import { connectPostgres, type Login, sqlState } from "../postgres-client.ts";
import { preparedDatabase, sql } from "../remedies.ts";
import type { LookContext } from "./look-context.ts";

const oldest = 14;

export async function lookAtPostgres(service: OutsidePostgres, context: LookContext): Promise<void> {
  if (service.admin !== undefined) await lookAsAdministrator(service, service.admin, context);
  else await lookAsOwners(service, context);
}

function loginOf(
  { host, port, tls }: OutsidePostgres,
  role: OutsideRole & { readonly database: string },
  { caFile }: LookContext,
): Login {
  return { host, port, tls, ...role, ...(caFile === undefined ? {} : { caFile }) };
}

async function within<T>(login: Login, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectPostgres(login);
  try {
    await client.query("select pg_catalog.set_config('search_path', 'pg_catalog', false)");
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function lookAsAdministrator(service: OutsidePostgres, admin: OutsideRole, context: LookContext): Promise<void> {
  try {
    await within(loginOf(service, { ...admin, database: "postgres" }, context), async (client) => {
      await lookAtServer(client, service, context);
      const strong = await lookAtAdministrator(client, admin, context);
      const names = service.databases.map(({ name }) => name);
      await lookAtDatabases(client, names, context);
      const wanted = service.databases.flatMap(({ name, extensions }) =>
        extensions.map((extension) => ({ ...extension, database: name })),
      );
      for (const extension of wanted) await lookAtExtension(client, extension, strong, context);
    });
  } catch (error) {
    if (!["28P01", "28000"].includes(sqlState(error) ?? "")) throw error;
    throw new ToolboxError(`${admin.user} cannot sign in: ${errorText(error)}`, {
      cause: error,
      advice: `correct user and password in the values, or the server's administrator runs: ${sql.password(admin.user)}`,
    });
  }
}

async function lookAtServer(client: Client, { connections }: OutsidePostgres, { found }: LookContext): Promise<void> {
  const { rows } = await client.query<{ version: string; major: number; most: number; left: number; standby: boolean }>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int / 10000 as major,
       current_setting('max_connections')::int as most, pg_is_in_recovery() as standby,
       (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
         - (select count(*) from pg_stat_activity where backend_type = 'client backend'))::int as left`,
  );
  const [server] = rows;
  if (server === undefined) return;
  if (server.major < oldest) found("failure", `it is version ${server.version}`, `use version ${oldest} or newer`);
  if (server.standby) {
    found("failure", "it is a standby, which cannot be written to", "name the primary in postgres.external.host");
  }
  if (server.left < connections) {
    found(
      "warning",
      `of ${server.most} connections ${server.left} are free, and the platform holds up to ${connections}`,
      `the server's administrator runs, and restarts it: ALTER SYSTEM SET max_connections = ${server.most - server.left + connections};`,
    );
  }
}

/** Whether it is a superuser. */
async function lookAtAdministrator(client: Client, { user }: OutsideRole, { found }: LookContext): Promise<boolean> {
  const { rows } = await client.query<{ strong: boolean; enough: boolean }>(
    `select rolsuper as strong, rolsuper or (rolcreaterole and rolcreatedb) as enough
     from pg_roles where rolname = current_user`,
  );
  if (rows[0]?.enough !== true) {
    found(
      "failure",
      `${user} may not make roles and databases`,
      `the server's administrator runs: ${sql.administrator(user)} Or let others make them: postgres.external.passwordFolder`,
    );
  }
  return rows[0]?.strong === true;
}

interface DatabaseRow {
  readonly name: string;
  readonly encoding: string;
  readonly recorded: string | null;
  readonly actual: string | null;
  readonly collation: string;
}

/** Encoding, and whether its texts are still sorted as its indexes are. */
async function lookAtDatabases(client: Client, names: readonly string[], { found }: LookContext): Promise<void> {
  const { rows: versions } = await client.query<{ major: number }>(
    "select current_setting('server_version_num')::int / 10000 as major",
  );
  const versioned = (versions[0]?.major ?? 0) >= 15;
  const columns = versioned
    ? `datcollversion as recorded, pg_database_collation_actual_version(oid) as actual,
       case datlocprovider when 'i' then 'ICU' when 'b' then 'built in' else datcollate end as collation`
    : "null as recorded, null as actual, datcollate as collation";
  const { rows } = await client.query<DatabaseRow>(
    `select datname as name, pg_encoding_to_char(encoding) as encoding, ${columns}
     from pg_database where datname = any($1) order by datname`,
    [names],
  );
  for (const row of rows) {
    if (row.encoding !== "UTF8") {
      found(
        "failure",
        `${row.name} is in ${row.encoding}; the platform's texts are in UTF8`,
        `save what is in it, and make it anew with ENCODING 'UTF8' TEMPLATE template0`,
      );
    }
    if (row.recorded !== null && row.actual !== null && row.recorded !== row.actual) {
      found(
        "failure",
        `${row.name} was made with version ${row.recorded} of the collation ${row.collation}, and the server has ${row.actual}: indexes of texts may be wrong`,
        `the server's administrator checks with pg_amcheck --heapallindexed ${row.name} and then runs: ${sql.reindex(row.name)}`,
      );
    }
  }
}

interface WantedExtension {
  readonly name: string;
  readonly optional?: boolean;
  readonly database: string;
}

async function lookAtExtension(
  client: Client,
  { name, optional = false, database }: WantedExtension,
  strong: boolean,
  { found }: LookContext,
): Promise<void> {
  const { rows } = await client.query<{ installed: string | null; trusted: boolean }>(
    `select installed_version as installed, trusted or not superuser as trusted
     from pg_available_extensions e join pg_available_extension_versions v
       on v.name = e.name and v.version = e.default_version where e.name = $1`,
    [name],
  );
  const [row] = rows;
  const severity = optional ? "warning" : "failure";
  if (row === undefined) {
    found(
      severity,
      `the server does not offer the ${optional ? "optional " : ""}extension ${name} for ${database}`,
      `install the extension's package on the server${optional ? ", or do without what it is for" : ""}`,
    );
  } else if (row.installed === null && !row.trusted && !strong) {
    found(
      severity,
      `${database} lacks the extension ${name}`,
      `a superuser runs in ${database}: ${sql.extension(name)}`,
    );
  }
}

async function lookAsOwners(service: OutsidePostgres, context: LookContext): Promise<void> {
  const [first] = service.databases;
  for (const database of service.databases) {
    const role = { user: database.owner, password: database.password ?? "", database: database.name };
    try {
      await within(loginOf(service, role, context), async (client) => {
        if (database === first) await lookAtServer(client, service, context);
        await lookAsOwner(client, database, context);
      });
    } catch (error) {
      tellRefusal(error, database, context);
    }
  }
}

/** Others have to make what is not there; what is no refusal is about the whole server. */
function tellRefusal(error: unknown, { name, owner }: OutsideDatabase, { found }: LookContext): void {
  const asked: Readonly<Record<string, readonly string[]>> = {
    "28P01": [sql.role(owner), sql.password(owner)],
    "28000": [sql.role(owner), sql.password(owner)],
    "3D000": preparedDatabase(name, owner),
    "42501": [sql.owner(name, owner)],
  };
  const statements = asked[sqlState(error) ?? ""];
  if (statements === undefined) throw error;
  found(
    "failure",
    `${owner} does not get into ${name}: ${errorText(error)}`,
    `the server's administrator runs, as far as it is missing: ${statements.join(" ")}`,
  );
}

async function lookAsOwner(client: Client, { name, owner, extensions }: OutsideDatabase, context: LookContext) {
  const { rows } = await client.query<{ owner: string; create: boolean; open: boolean }>(
    `select pg_get_userbyid(datdba) as owner, has_schema_privilege('public', 'CREATE') as create,
       exists (select 1 from aclexplode(coalesce(datacl, acldefault('d', datdba))) where grantee = 0) as open
     from pg_database where datname = current_database()`,
  );
  const [row] = rows;
  const runs = (statement: string): string => `the server's administrator runs: ${statement}`;
  if (row?.owner !== owner) {
    context.found("failure", `${name} belongs to ${String(row?.owner)}, not to ${owner}`, runs(sql.owner(name, owner)));
  } else if (row.open) {
    context.found("warning", `every role of the server may connect to ${name}`, runs(sql.closed(name)));
  }
  if (row?.create !== true) {
    context.found("failure", `${owner} may not create in the schema public of ${name}`, runs(sql.schema(owner)));
  }
  await lookAtDatabases(client, [name], context);
  for (const extension of extensions) await lookAtExtension(client, { ...extension, database: name }, false, context);
}
