import type { Client } from "pg";
import type { PostgresWire } from "../contract.generated.ts";
import { errorText, NotRefusedError, ToolboxError } from "../errors.ts";
import { connectPostgres, sqlState } from "../postgres-client.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

export const postgresCheck: WireCheck<PostgresWire> = {
  address: (wire) => `${wire.host}:${wire.port}/${wire.database}`,
  expectation: (wire) => {
    const refused = wire.refusedDatabases.length;
    const others = refused === 0 ? "" : `, and is refused by ${refused} database(s) of others`;
    return `${wire.user} reads and writes in ${wire.database}, has no right beyond it${others}`;
  },
  prove: provePostgres,
};

async function provePostgres(wire: PostgresWire, context: WireContext): Promise<void> {
  const client = await connectPostgres(wire);
  context.atEnd(() => client.end());
  await proveOwnDatabase(client, wire, context);
  await proveRole(client, wire, context);
  for (const database of wire.refusedDatabases) await proveRefused(wire, database, context);
}

async function proveOwnDatabase(client: Client, wire: PostgresWire, { note }: WireContext): Promise<void> {
  const version = await client.query<{ version: string }>("select current_setting('server_version') as version");
  note(`logged in, server ${version.rows[0]?.version ?? "unknown"}`);
  await client.query("begin");
  await client.query("create temporary table slipway_verify (id int, text text) on commit drop");
  await client.query("insert into slipway_verify values ($1, $2)", [1, "written"]);
  const read = await client.query<{ text: string }>("select text from slipway_verify where id = 1");
  await client.query("commit");
  if (read.rows[0]?.text !== "written") throw new ToolboxError("the row just written was not read back");
  const recovery = await client.query<{ standby: boolean; readonly: string }>(
    "select pg_is_in_recovery() as standby, current_setting('transaction_read_only') as readonly",
  );
  if (recovery.rows[0]?.standby === true || recovery.rows[0]?.readonly === "on") {
    throw new ToolboxError("the server is read-only", { advice: "this is a standby: connect to the primary" });
  }
  const owner = await client.query<{ mine: boolean }>(
    "select pg_get_userbyid(datdba) = current_user as mine from pg_database where datname = current_database()",
  );
  if (owner.rows[0]?.mine !== true) {
    throw new ToolboxError(`${wire.user} does not own ${wire.database}`, {
      advice: "slipway run postgres-databases sets it",
    });
  }
  note("wrote and read a temporary row, owns the database");
}

async function proveRole(client: Client, wire: PostgresWire, { note }: WireContext): Promise<void> {
  const role = await client.query<{ strong: boolean }>(
    `select rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls as strong
     from pg_roles where rolname = current_user`,
  );
  if (role.rows[0]?.strong !== false) {
    throw new NotRefusedError(
      `role ${wire.user} is a superuser or may create roles or databases`,
      "the role has more rights than a service needs: slipway run postgres-databases takes them",
    );
  }
  note("plain role without rights beyond its database");
}

async function proveRefused(wire: PostgresWire, database: string, { note }: WireContext): Promise<void> {
  let client: Client;
  try {
    client = await connectPostgres({ ...wire, database });
  } catch (error) {
    // insufficient_privilege, or pg_hba.conf already says no
    if (["42501", "28000"].includes(sqlState(error) ?? "")) {
      note(`refused by ${database}`);
      return;
    }
    throw new ToolboxError(`connecting to ${database} failed, but not by a refusal: ${errorText(error)}`, {
      cause: error,
      ...(sqlState(error) === "3D000"
        ? { advice: "the database of another service is not there: slipway run postgres-databases makes it" }
        : {}),
    });
  }
  await client.end();
  throw new NotRefusedError(
    `${wire.user} was let into ${database}`,
    `CONNECT on ${database} is granted to everybody: slipway run postgres-databases revokes it from PUBLIC`,
  );
}
