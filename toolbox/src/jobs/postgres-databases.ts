import type { Client } from "pg";
import type {
  PostgresDatabasesJob,
  PostgresLogin,
  PostgresReplicator,
  ServiceDatabase,
} from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import { connectPostgres, sqlState, withPostgres } from "../postgres-client.ts";
import { storedPassword } from "../scram-verifier.ts";
import type { JobContext } from "./job.ts";
import { ensureExtension } from "./postgres-extensions.ts";

/** Makes one login role per service, its databases and their extensions, and shuts everybody else out. */
export async function runPostgresDatabases(given: PostgresDatabasesJob, context: JobContext): Promise<void> {
  const job = { ...given, admin: await administratorOf(given, context) };
  await withPostgres(job.admin, context.log, async (admin) => {
    await trustCatalogOnly(admin);
    const owners = new Map(job.databases.map((database) => [database.owner, database]));
    for (const database of owners.values()) await ensureRole(job, admin, database, context);
    for (const database of job.databases) await ensureDatabase(admin, database, context);
    for (const name of ["postgres", "template1", ...job.databases.map((database) => database.name)]) {
      await closeToPublic(admin, name, context);
    }
    for (const database of owners.values()) await ensurePassword(job, admin, serviceRole(database), context);
    if (job.replicator !== undefined) await ensureReplicator(job, admin, job.replicator, context);
  });
  for (const database of job.databases) await ensureInside(job, database, context);
}

/** The administrator's login, whose password is replaced first where the server still has the one before. A probe goes on with that one. */
async function administratorOf(
  { admin, formerPassword }: Pick<PostgresDatabasesJob, "admin" | "formerPassword">,
  context: JobContext,
): Promise<PostgresLogin> {
  if (formerPassword === undefined || formerPassword === admin.password) return admin;
  try {
    await withPostgres(admin, context.log, () => Promise.resolve());
    return admin;
  } catch (error) {
    if (sqlState(error) !== wrongPassword) throw error;
  }
  const former = { ...admin, password: formerPassword };
  await withPostgres(former, context.log, async (client) => {
    await trustCatalogOnly(client);
    await ensurePassword({ admin }, client, { ...admin, role: admin.user }, context);
  });
  return context.probe ? former : admin;
}

/**
 * A database's owner may put functions of his own where names are looked for; the administrator must never call one by mistake, for it
 * would run with the administrator's rights.
 */
async function trustCatalogOnly(client: Client): Promise<void> {
  await client.query("select pg_catalog.set_config('search_path', 'pg_catalog', false)");
}

async function ensureRole(
  job: PostgresDatabasesJob,
  admin: Client,
  { owner }: ServiceDatabase,
  context: JobContext,
): Promise<void> {
  await ensureRights(admin, owner, "NOREPLICATION", context);
  await ensureMembership(job, admin, owner, context);
}

async function ensureRights(
  admin: Client,
  name: string,
  replication: "REPLICATION" | "NOREPLICATION",
  context: JobContext,
): Promise<void> {
  const found = await admin.query<{ limited: boolean }>(
    `select rolcanlogin and not rolsuper and not rolcreatedb and not rolcreaterole and not rolbypassrls
       and rolreplication = $2 as limited from pg_roles where rolname = $1`,
    [name, replication === "REPLICATION"],
  );
  const role = admin.escapeIdentifier(name);
  const rights = `LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE ${replication} NOBYPASSRLS`;
  if (found.rows[0] === undefined) {
    await context.change(`create role ${name}`, async () => {
      // a role without password cannot log in by scram, so it is harmless until ensurePassword has run
      await admin.query(`create role ${role} ${rights}`);
    });
  } else if (!found.rows[0].limited) {
    await context.change(`set the rights of role ${name}`, async () => {
      await admin.query(`alter role ${role} ${rights}`);
    });
  }
}

/** The right to replicate is enough for a copy of everything; to see a database it needs a right to connect, which it has nowhere. */
async function ensureReplicator(
  job: PostgresDatabasesJob,
  admin: Client,
  { user, password }: PostgresReplicator,
  context: JobContext,
): Promise<void> {
  await ensureRights(admin, user, "REPLICATION", context);
  await ensurePassword(job, admin, { role: user, password, database: noService }, context);
}

/**
 * An administrator who is no superuser may only give a database to a role that it may become. From PostgreSQL 16 on, having made a role is
 * not enough for that.
 */
async function ensureMembership(
  job: PostgresDatabasesJob,
  admin: Client,
  owner: string,
  context: JobContext,
): Promise<void> {
  const isSuper = await admin.query<{ rolsuper: boolean }>(
    "select rolsuper from pg_roles where rolname = current_user",
  );
  if (isSuper.rows[0]?.rolsuper === true) return;
  const member = await admin.query<{ is: boolean }>(
    "select pg_has_role(current_user, oid, $2) as is from pg_roles where rolname = $1",
    [owner, await tellsWhoMayBecome(admin)],
  );
  if (member.rows[0] === undefined || member.rows[0].is) return;
  await context.change(`make ${job.admin.user} a member of ${owner}`, async () => {
    await admin.query(`grant ${admin.escapeIdentifier(owner)} to current_user`);
  });
}

/** The name of that right, which is not the same in all versions. */
async function tellsWhoMayBecome(admin: Client): Promise<"SET" | "MEMBER"> {
  const { rows } = await admin.query<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
  );
  return (rows[0]?.version ?? 0) >= 160_000 ? "SET" : "MEMBER";
}

async function ensureDatabase(admin: Client, { name, owner }: ServiceDatabase, context: JobContext): Promise<void> {
  const found = await admin.query<{ owner: string }>(
    "select pg_get_userbyid(datdba) as owner from pg_database where datname = $1",
    [name],
  );
  const database = admin.escapeIdentifier(name);
  const role = admin.escapeIdentifier(owner);
  const current = found.rows[0]?.owner;
  if (current === undefined) {
    await context.change(`create database ${name} owned by ${owner}`, async () => {
      await admin.query(`create database ${database} owner ${role} encoding 'UTF8' template template0`);
    });
  } else if (current !== owner) {
    await context.change(`give database ${name} from ${current} to ${owner}`, async () => {
      await admin.query(`alter database ${database} owner to ${role}`);
    });
  }
}

async function closeToPublic(admin: Client, name: string, context: JobContext): Promise<void> {
  const open = await admin.query<{ privilege: string }>(
    `select a.privilege_type as privilege from pg_database d,
       aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
     where d.datname = $1 and a.grantee = 0`,
    [name],
  );
  const rights = open.rows.map((row) => row.privilege);
  if (rights.length === 0) return;
  await context.change(`revoke ${rights.join(", ")} on database ${name} from public`, async () => {
    await admin.query(`revoke all on database ${admin.escapeIdentifier(name)} from public`);
  });
}

const wrongPassword = "28P01";

/** The database that belongs to no service. */
const noService = "postgres";

interface RolePassword {
  readonly role: string;
  readonly password: string;
  /** One that its password is tried at. */
  readonly database: string;
}

function serviceRole({ owner, password, name }: ServiceDatabase): RolePassword {
  return { role: owner, password, database: name };
}

/** Sets the password only when logging in with it fails, so that a repeated run writes nothing. */
async function ensurePassword(
  job: Pick<PostgresDatabasesJob, "admin">,
  admin: Client,
  wanted: RolePassword,
  context: JobContext,
): Promise<void> {
  if (await canLogIn(job, wanted, context)) return;
  await context.change(`set the password of role ${wanted.role}`, async () => {
    await admin.query("set password_encryption = 'scram-sha-256'");
    const role = admin.escapeIdentifier(wanted.role);
    const stored = storedPassword(wanted.password);
    await admin.query(`alter role ${role} password ${admin.escapeLiteral(stored)} valid until 'infinity'`);
    if (await canLogIn(job, wanted, context)) return;
    throw new ToolboxError(`role ${wanted.role} cannot log in although its password was just set`, {
      advice: "look at the server's pg_hba.conf: it must let the role in from here by scram-sha-256",
    });
  });
}

async function canLogIn(
  { admin }: Pick<PostgresDatabasesJob, "admin">,
  { role, password, database }: RolePassword,
  context: JobContext,
): Promise<boolean> {
  try {
    const client = await connectPostgres({ ...admin, user: role, password, database });
    await client.end();
    return true;
  } catch (error) {
    const state = sqlState(error) ?? "";
    // The others: no such role or database yet (in a probe).
    if ([wrongPassword, "28000", "3D000"].includes(state)) return false;
    // A replicator may enter no database, and is told so once its password was found right.
    if (state === "42501" && database === noService) return true;
    if (state === "42501" && context.probe) return false;
    throw error;
  }
}

/** What is done inside the database: who may create in its schema, and its extensions. */
async function ensureInside(job: PostgresDatabasesJob, database: ServiceDatabase, context: JobContext): Promise<void> {
  const login = { ...job.admin, database: database.name };
  let inside: Client;
  try {
    inside = await connectPostgres(login);
  } catch (error) {
    if (context.probe && sqlState(error) === "3D000") return;
    throw error;
  }
  try {
    await trustCatalogOnly(inside);
    await closeSchema(inside, database.name, context);
    for (const extension of database.extensions) await ensureExtension(inside, database.name, extension, context);
  } finally {
    await inside.end().catch(() => undefined);
  }
}

async function closeSchema(inside: Client, name: string, context: JobContext): Promise<void> {
  const open = await inside.query(
    `select 1 from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
     where n.nspname = 'public' and a.grantee = 0 and a.privilege_type = 'CREATE'`,
  );
  if (open.rowCount === 0) return;
  await context.change(`revoke create on schema public of ${name} from public`, async () => {
    await inside.query("revoke create on schema public from public");
  });
}
