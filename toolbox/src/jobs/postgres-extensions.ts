import type { Client } from "pg";
import type { DatabaseExtension } from "../contract.generated.ts";
import { errorText, ToolboxError } from "../errors.ts";
import { sql } from "../remedies.ts";
import type { JobContext } from "./job.ts";

/** Makes an extension in the database of a connection; one that is optional may be missing, or may not be made. */
export async function ensureExtension(
  inside: Client,
  database: string,
  { name, optional = false }: DatabaseExtension,
  context: JobContext,
): Promise<void> {
  const found = await inside.query<{ installed: string | null }>(
    "select installed_version as installed from pg_available_extensions where name = $1",
    [name],
  );
  const row = found.rows[0];
  if (row === undefined) {
    if (optional) {
      context.log(`${database}: the server does not offer the optional extension ${name}`);
      return;
    }
    throw new ToolboxError(`the server does not offer the extension ${name} that ${database} needs`, {
      advice: "install the extension's package on the database server, or use an image that has it",
    });
  }
  if (row.installed !== null) return;
  if (optional && !(await canBeMade(inside, name))) {
    context.log(`${database}: the optional extension ${name} is for an administrator to make: ${sql.extension(name)}`);
    return;
  }
  await context.change(`create extension ${name} in ${database}`, async () => {
    try {
      await inside.query(`create extension if not exists ${inside.escapeIdentifier(name)} schema public cascade`);
    } catch (error) {
      throw new ToolboxError(`${database} needs the extension ${name}: ${errorText(error)}`, {
        cause: error,
        advice: `the server's administrator runs in ${database}: ${sql.extension(name)}`,
      });
    }
  });
}

/** Whether this role may make it, and the server has loaded what it needs: of what must be loaded at its start, the settings are there. */
async function canBeMade(inside: Client, name: string): Promise<boolean> {
  const found = await inside.query<{ can: boolean }>(
    `select (rolsuper or trusted or not superuser) and ($1 <> 'timescaledb' or exists (
       select 1 from pg_settings where pg_settings.name = 'timescaledb.license')) as can
     from pg_available_extension_versions v, pg_available_extensions e, pg_roles
     where v.name = $1 and e.name = $1 and v.version = e.default_version and rolname = current_user`,
    [name],
  );
  return found.rows[0]?.can === true;
}
