import type { Client } from "pg";
import { beforeEach, expect, test, vi } from "vitest";
import type { PostgresPreparedJob } from "../contract.generated.ts";
import { errorText } from "../errors.ts";
import { likelyCause } from "../likely-cause.ts";
import { runPostgresPrepared } from "./postgres-prepared.ts";

interface Server {
  readonly owner: string;
  readonly encoding: string;
  readonly open: boolean;
  readonly create: boolean;
  /** Extensions that it offers, to whether this role may make them. */
  readonly offers: Readonly<Record<string, boolean>>;
  /** SQL state with which it lets nobody in. */
  readonly refuses?: string;
}

const right: Server = {
  ...{ owner: "hub", encoding: "UTF8", open: false, create: true },
  offers: { hstore: true, timescaledb: true },
};
let server: Server;
const statements: string[] = [];

vi.mock("../postgres-client.ts", () => ({
  sqlState: (error: { readonly code?: string }) => error.code,
  withPostgres: async (_login: unknown, _log: unknown, work: (client: Client) => unknown) => {
    if (server.refuses !== undefined) throw Object.assign(new Error("refused"), { code: server.refuses });
    await work({
      query: (sql: string, values: readonly string[] = []) => {
        statements.push(sql);
        const may = server.offers[values[0] ?? ""];
        if (sql.startsWith("create") && server.offers["hstore"] === false) throw new Error("permission denied");
        if (sql.includes("pg_get_userbyid")) return Promise.resolve({ rows: [server] });
        if (sql.includes("as can")) return Promise.resolve({ rows: [{ can: may }] });
        return Promise.resolve({ rows: may === undefined ? [] : [{ installed: null }] });
      },
      escapeIdentifier: (name: string) => `"${name}"`,
    } as unknown as Client);
  },
}));

const job: PostgresPreparedJob = {
  kind: "postgres-prepared",
  databases: [
    {
      login: { host: "db", port: 5432, user: "hub", password: "pw", database: "hub_db", tls: "verify" },
      extensions: [{ name: "hstore" }, { name: "timescaledb", optional: true }],
    },
  ],
};

beforeEach(() => {
  server = right;
  statements.splice(0);
});

async function run(probe = false): Promise<readonly string[]> {
  const lines: string[] = [];
  await runPostgresPrepared(job, {
    probe,
    log: (line) => void lines.push(line),
    note: (line) => void lines.push(line),
    change: async (text, apply) => {
      lines.push(text);
      if (!probe) await apply();
    },
  });
  return lines;
}

test("extensions are made by the owner, and nobody else is let in", async () => {
  server = { ...right, open: true };

  expect(await run()).toEqual([
    "revoke every right on database hub_db from public",
    "create extension hstore in hub_db",
    "create extension timescaledb in hub_db",
  ]);
  expect(statements[0]).toBe("select pg_catalog.set_config('search_path', 'pg_catalog', false)");
  expect(statements).toContain('revoke all on database "hub_db" from public');
});

test("a probe changes nothing", async () => {
  await run(true);

  expect(statements.filter((sql) => !sql.startsWith("select"))).toEqual([]);
});

test("an optional extension may be missing, or be for somebody else to make", async () => {
  server = { ...right, offers: { hstore: true } };
  expect(await run()).toContain("hub_db: the server does not offer the optional extension timescaledb");

  server = { ...right, offers: { hstore: true, timescaledb: false } };
  expect((await run()).at(-1)).toContain(
    'timescaledb is for an administrator to make: CREATE EXTENSION IF NOT EXISTS "timescaledb" SCHEMA public CASCADE;',
  );
});

test.each<[string, Partial<Server>, string, string]>([
  [
    "another owner",
    { owner: "admin" },
    "hub_db belongs to admin, not to hub",
    'ALTER DATABASE "hub_db" OWNER TO "hub";',
  ],
  ["another encoding", { encoding: "LATIN1" }, "hub_db is in LATIN1", "ENCODING 'UTF8' TEMPLATE template0;"],
  ["a closed schema", { create: false }, "may not create", 'GRANT ALL ON SCHEMA public TO "hub";'],
  [
    "an extension not offered",
    { offers: {} },
    "does not offer the extension hstore",
    "install the extension's package",
  ],
  [
    "an extension refused",
    { offers: { hstore: false } },
    "needs the extension hstore",
    'CREATE EXTENSION IF NOT EXISTS "hstore"',
  ],
  ["a wrong password", { refuses: "28P01" }, "hub does not get into hub_db", 'ALTER ROLE "hub" PASSWORD'],
  ["no database", { refuses: "3D000" }, "hub does not get into hub_db", 'CREATE DATABASE "hub_db" OWNER "hub"'],
  ["a server that is full", { refuses: "53300" }, "refused", "max_connections"],
])("%s is told with what to run", async (_, change, message, statement) => {
  server = { ...right, ...change };

  const error: unknown = await run().catch((caught: unknown) => caught);

  expect(errorText(error)).toContain(message);
  expect(likelyCause(error)).toContain(statement);
});
