import type { Client } from "pg";
import { beforeEach, expect, test, vi } from "vitest";
import type { PostgresLogin } from "../contract.generated.ts";
import type * as PostgresClient from "../postgres-client.ts";
import { forgetPerson } from "./forget-person.ts";

const statements: { readonly sql: string; readonly values: readonly unknown[] }[] = [];
let tables: readonly string[] = [];

vi.mock("../postgres-client.ts", async (importOriginal) => ({
  ...(await importOriginal<typeof PostgresClient>()),
  connectPostgres: () =>
    Promise.resolve({
      query: (sql: string, values: readonly unknown[] = []) => {
        statements.push({ sql, values });
        if (sql.includes("information_schema")) return Promise.resolve({ rows: tables.map((name) => ({ name })) });
        return Promise.resolve({ rows: sql.startsWith("select id") ? [{ id: "7", uuid: "u-7" }] : [] });
      },
      end: () => Promise.resolve(),
    } as unknown as Client),
}));

const login: PostgresLogin = { host: "h", port: 5432, user: "u", password: "p", database: "d", tls: "off" };

beforeEach(() => {
  statements.splice(0);
  tables = ["users", "namespaces", "access_tokens", "repository_tags", "dataviewers"];
});

test("removes what belongs to one person and their repositories, and nothing of anybody else", async () => {
  await forgetPerson(login, { name: "slipway-verify-1", repositories: [3, 4] });

  const deleted = statements.filter(({ sql }) => sql.startsWith("delete")).map(({ sql, values }) => [sql, values]);
  expect(deleted).toEqual([
    ["delete from repository_tags where repository_id = any($1)", [[3, 4]]],
    ["delete from dataviewers where repo_id = any($1)", [[3, 4]]],
    ["delete from access_tokens where user_id = $1", ["7"]],
    ["delete from namespaces where path = $1", ["slipway-verify-1"]],
    ["delete from users where id = $1", ["7"]],
  ]);
});

test("asks for no table that this version of the hub does not have", async () => {
  tables = ["users"];

  await forgetPerson(login, { name: "slipway-verify-1", repositories: [] });

  expect(statements.filter(({ sql }) => sql.startsWith("delete"))).toHaveLength(1);
});
