import type { Client } from "pg";
import { beforeEach, expect, test, vi } from "vitest";
import type { SqlStepsJob } from "../contract.generated.ts";
import { runSqlSteps } from "./sql-steps.ts";

const statements: string[] = [];
let ledger: { readonly id: string; digest: string }[] | undefined;
let failing: string | undefined;

vi.mock("../postgres-client.ts", () => ({
  withPostgres: async (_login: unknown, _log: unknown, work: (client: Client) => unknown) =>
    await work({ query } as unknown as Client),
  sqlState: (error: unknown) => (error as { readonly code?: string }).code,
}));

function query(sql: string, values: readonly string[] = []): Promise<{ readonly rows: readonly object[] }> {
  statements.push(sql.split(" ").slice(0, 3).join(" "));
  if (sql === failing) return Promise.reject(new Error("syntax error"));
  if (sql.startsWith("select")) {
    return ledger === undefined
      ? Promise.reject(Object.assign(new Error("no table"), { code: "42P01" }))
      : Promise.resolve({ rows: ledger });
  }
  if (sql.startsWith("insert into slipway_steps")) {
    const [id = "", digest = ""] = values;
    ledger = [...(ledger ?? []).filter((row) => row.id !== id), { id, digest }];
  }
  return Promise.resolve({ rows: [] });
}

const job: SqlStepsJob = {
  kind: "sql-steps",
  database: { host: "postgres", port: 5432, user: "hub", password: "pw", database: "hub", tls: "off" },
  steps: [
    { id: "first", statements: ["create function f", "create trigger t"] },
    { id: "second", statements: ["update users set x"] },
  ],
};

beforeEach(() => {
  statements.splice(0);
  ledger = undefined;
  failing = undefined;
});

async function run(document: SqlStepsJob = job, probe = false): Promise<readonly string[]> {
  const changes: string[] = [];
  await runSqlSteps(document, {
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

test("each step is run once, with its entry in the ledger in one transaction", async () => {
  expect(await run()).toEqual(["run first in hub", "run second in hub"]);
  expect(statements.slice(1, 7)).toEqual([
    "begin",
    "create table if",
    "create function f",
    "create trigger t",
    "insert into slipway_steps",
    "commit",
  ]);
  expect(await run()).toEqual([]);
});

test("a step whose statements changed is run again, alone", async () => {
  await run();
  const [first, second] = job.steps;

  const changed = { ...job, steps: [{ ...first, statements: ["create function g"] }, second] } as SqlStepsJob;

  expect(await run(changed)).toEqual(["run first in hub"]);
});

test("a step that fails leaves nothing of itself, and those before it count", async () => {
  failing = "update users set x";

  await expect(run()).rejects.toThrow("syntax error");

  expect(statements.at(-1)).toBe("rollback");
  expect(ledger?.map(({ id }) => id)).toEqual(["first"]);
});

test("a probe changes nothing", async () => {
  expect(await run(job, true)).toEqual(["run first in hub", "run second in hub"]);
  expect(statements).toEqual(["select id, digest"]);
});
