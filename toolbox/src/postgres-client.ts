import type { Client, ClientConfig } from "pg";
import type { PostgresLogin } from "./contract.generated.ts";
import { trustIn } from "./trust.ts";
import { isConnectionFailure, waitForServer } from "./wait-for-server.ts";

export type Login = Omit<PostgresLogin, "database"> & { readonly database: string };

/**
 * Opens one connection; the caller ends it.
 * @throws what the server or the socket says.
 */
export async function connectPostgres(login: Login): Promise<Client> {
  const { default: pg } = await import("pg");
  const client = new pg.Client(await clientConfig(login));
  // without a listener a connection that dies between queries would end the program
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return client;
}

async function clientConfig(login: Login): Promise<ClientConfig> {
  return {
    host: login.host,
    port: Number(login.port),
    user: login.user,
    password: login.password,
    database: login.database,
    ssl: await tlsConfig(login),
    connectionTimeoutMillis: 8000,
    query_timeout: 60_000,
    application_name: "slipway-toolbox",
  };
}

async function tlsConfig(login: Login): Promise<ClientConfig["ssl"]> {
  if (login.tls === "off") return false;
  if (login.tls === "require") return { rejectUnauthorized: false };
  const trust = login.caFile === undefined ? {} : await trustIn(login.caFile);
  return { rejectUnauthorized: true, ...trust };
}

/**
 * Runs one piece of work on a connection that is waited for and always closed.
 * @throws ServerWaitError when no connection comes about in a minute.
 */
export async function withPostgres<T>(
  login: Login,
  log: (line: string) => void,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const what = `PostgreSQL at ${login.host}:${login.port}`;
  const client = await waitForServer({ what, isTransient: isConnectionFailure, log }, () => connectPostgres(login));
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The text of an error's SQLSTATE, or undefined for other errors. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Names of the tables that a database has, beside PostgreSQL's own. */
export async function tablesOf(client: Client): Promise<ReadonlySet<string>> {
  const found = await client.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'public'",
  );
  return new Set(found.rows.map((row) => row.name));
}
