import type { Client } from "pg";
import type { PostgresPreparedJob, PreparedDatabase } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import { sqlState, withPostgres } from "../postgres-client.ts";
import { preparedDatabase, sql } from "../remedies.ts";
import type { JobContext } from "./job.ts";
import { ensureExtension } from "./postgres-extensions.ts";

/** Finishes databases that others made, each as its owner, and says in SQL what only an administrator can do. */
export async function runPostgresPrepared(job: PostgresPreparedJob, context: JobContext): Promise<void> {
  for (const database of job.databases) {
    try {
      await withPostgres(database.login, context.log, (client) => finish(client, database, context));
    } catch (error) {
      throw explained(error, database);
    }
  }
}

/** Not logged in, or no such database: its administrator has to make it. */
function explained(error: unknown, { login }: PreparedDatabase): unknown {
  const { user, database } = login;
  const asked: Readonly<Record<string, readonly string[]>> = {
    "28P01": [sql.role(user), sql.password(user)],
    "28000": [sql.role(user), sql.password(user)],
    "3D000": preparedDatabase(database, user),
  };
  const statements = asked[sqlState(error) ?? ""];
  if (statements === undefined) return error;
  const said = error instanceof Error ? error.message : String(error);
  return new ToolboxError(`${user} does not get into ${database}: ${said}`, {
    cause: error,
    advice: `the server's administrator runs, as far as it is missing: ${statements.join(" ")}`,
  });
}

async function finish(client: Client, database: PreparedDatabase, context: JobContext): Promise<void> {
  const { user, database: name } = database.login;
  await client.query("select pg_catalog.set_config('search_path', 'pg_catalog', false)");
  const found = await client.query<{ owner: string; encoding: string; open: boolean; create: boolean }>(
    `select pg_get_userbyid(datdba) as owner, pg_encoding_to_char(encoding) as encoding,
       exists (select 1 from aclexplode(coalesce(datacl, acldefault('d', datdba))) where grantee = 0) as open,
       has_schema_privilege('public', 'CREATE') as create
     from pg_database where datname = current_database()`,
  );
  const { owner, encoding, open, create } = found.rows[0] ?? {};
  if (owner !== user) throw refused(`${name} belongs to ${String(owner)}, not to ${user}`, sql.owner(name, user));
  if (encoding !== "UTF8") {
    const again = `DROP DATABASE "${name}"; ${sql.database(name, user)}`;
    throw refused(`${name} is in ${String(encoding)}; the platform's texts are in UTF8`, again);
  }
  if (create !== true) throw refused(`${user} may not create in the schema public of ${name}`, sql.schema(user));
  if (open === true) {
    await context.change(`revoke every right on database ${name} from public`, async () => {
      await client.query(`revoke all on database ${client.escapeIdentifier(name)} from public`);
    });
  }
  for (const extension of database.extensions) await ensureExtension(client, name, extension, context);
}

function refused(message: string, statement: string): ToolboxError {
  return new ToolboxError(message, { advice: `the server's administrator runs: ${statement}` });
}
