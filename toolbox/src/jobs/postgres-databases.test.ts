import type { Client } from "pg";
import { beforeEach, expect, test, vi } from "vitest";
import type { PostgresDatabasesJob } from "../contract.generated.ts";
import { runPostgresDatabases } from "./postgres-databases.ts";

/** Every statement by the role and database it ran as and in. */
const statements: { readonly at: string; readonly sql: string }[] = [];

/** The password that the server knows the superuser by. */
let superuserPassword = "admin-pw";

interface GivenLogin {
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

vi.mock("../postgres-client.ts", () => {
  const connectPostgres = ({ user, password, database }: GivenLogin) => {
    if (user === "postgres" && password !== superuserPassword) return Promise.reject(new Error("28P01"));
    return Promise.resolve({
      query: (sql: string) => {
        statements.push({ at: `${user}@${database}`, sql });
        if (sql.startsWith('alter role "postgres" password')) superuserPassword = "next-pw";
        return Promise.resolve(answer(sql));
      },
      escapeIdentifier: (name: string) => `"${name}"`,
      escapeLiteral: (text: string) => `'${text}'`,
      end: () => Promise.resolve(),
    } as unknown as Client);
  };
  return {
    connectPostgres,
    withPostgres: async (
      login: Parameters<typeof connectPostgres>[0],
      _log: unknown,
      work: (client: Client) => unknown,
    ) => work(await connectPostgres(login)),
    sqlState: (error: Error) => (error.message === "28P01" ? error.message : undefined),
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

beforeEach(() => {
  statements.splice(0);
  superuserPassword = "admin-pw";
});

/** Gives what was changed, or would have been. */
async function run(of = job, probe = false): Promise<readonly string[]> {
  const changes: string[] = [];
  await runPostgresDatabases(of, {
    probe,
    log: () => undefined,
    note: () => undefined,
    change: async (text, apply) => {
      changes.push(text);
      if (!probe) await apply();
    },
  });
  return changes;
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

const replaced = {
  ...job,
  admin: { ...job.admin, password: "next-pw" },
  formerPassword: "admin-pw",
};

test("an administrator's password that was replaced is set with the former one, and never stands in a statement", async () => {
  const first = await run(replaced);
  const again = await run(replaced);

  expect(first[0]).toBe("set the password of role postgres");
  expect(superuserPassword).toBe("next-pw");
  expect(again).not.toContain("set the password of role postgres");
  expect(statements.map(({ sql }) => sql).join()).not.toContain("next-pw");
  expect(statements.map(({ sql }) => sql).join()).toContain("SCRAM-SHA-256$");
});

test("a probe tells that it would be set, and sets nothing", async () => {
  expect(await run(replaced, true)).toContain("set the password of role postgres");
  expect(superuserPassword).toBe("admin-pw");
});

test("where neither opens the server, that is the error", async () => {
  superuserPassword = "of somebody else";

  await expect(run(replaced)).rejects.toThrow("28P01");
});
