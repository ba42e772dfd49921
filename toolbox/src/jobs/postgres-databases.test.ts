import type { Client } from "pg";
import { beforeEach, expect, test, vi } from "vitest";
import type { PostgresDatabasesJob } from "../contract.generated.ts";
import { runPostgresDatabases } from "./postgres-databases.ts";

/** Every statement by the role and database it ran as and in. */
const statements: { readonly at: string; readonly sql: string }[] = [];

vi.mock("../postgres-client.ts", () => {
  const connectPostgres = ({ user, database }: { readonly user: string; readonly database: string }) =>
    Promise.resolve({
      query: (sql: string) => {
        statements.push({ at: `${user}@${database}`, sql });
        return Promise.resolve(answer(sql));
      },
      escapeIdentifier: (name: string) => `"${name}"`,
      escapeLiteral: (text: string) => `'${text}'`,
      end: () => Promise.resolve(),
    } as unknown as Client);
  return {
    connectPostgres,
    withPostgres: async (
      login: Parameters<typeof connectPostgres>[0],
      _log: unknown,
      work: (client: Client) => unknown,
    ) => work(await connectPostgres(login)),
    sqlState: () => undefined,
  };
});

/** A server on which nothing was made yet, asked by its superuser. */
function answer(sql: string): { readonly rows: readonly object[]; readonly rowCount: number } {
  const rows = sql.includes("pg_available_extensions")
    ? [{ installed: null }]
    : sql.includes("rolsuper from pg_roles where rolname = current_user")
      ? [{ rolsuper: true }]
      : [];
  return { rows, rowCount: rows.length };
}

const job: PostgresDatabasesJob = {
  kind: "postgres-databases",
  admin: { host: "postgres", port: 5432, user: "postgres", password: "admin-pw", database: "postgres", tls: "off" },
  databases: [{ name: "hub", owner: "hub_owner", password: "hub-pw", extensions: [{ name: "hstore" }] }],
};

beforeEach(() => statements.splice(0));

async function run(): Promise<void> {
  await runPostgresDatabases(job, {
    probe: false,
    log: () => undefined,
    note: () => undefined,
    change: (_text, apply) => apply(),
  });
}

test("the administrator looks names up in the catalogue only, before anything else", async () => {
  await run();

  for (const at of ["postgres@postgres", "postgres@hub"]) {
    const first = statements.find((statement) => statement.at === at);
    expect(first?.sql).toBe("select pg_catalog.set_config('search_path', 'pg_catalog', false)");
  }
});

test("an extension goes into the schema that its service looks into", async () => {
  await run();

  expect(statements).toContainEqual({
    at: "postgres@hub",
    sql: 'create extension if not exists "hstore" schema public cascade',
  });
});
