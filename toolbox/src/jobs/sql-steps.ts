import { hash } from "node:crypto";
import type { Client } from "pg";
import type { SqlStep, SqlStepsJob } from "../contract.generated.ts";
import { sqlState, withPostgres } from "../postgres-client.ts";
import type { JobContext } from "./job.ts";

/** SQLSTATE of a table that is not there. */
const undefinedTable = "42P01";

/**
 * Runs the steps that this database has not seen yet, or has seen with other statements, in their order; each together with its entry in the
 * ledger or not at all.
 */
export async function runSqlSteps(job: SqlStepsJob, context: JobContext): Promise<void> {
  await withPostgres(job.database, context.log, async (client) => {
    const done = await readLedger(client);
    for (const step of job.steps) {
      const digest = digestOf(step);
      if (done.get(step.id) === digest) continue;
      await context.change(`run ${step.id} in ${job.database.database}`, () => runStep(client, step, digest));
    }
  });
}

function digestOf({ statements }: SqlStep): string {
  return hash("sha256", JSON.stringify(statements));
}

async function readLedger(client: Client): Promise<ReadonlyMap<string, string>> {
  try {
    const { rows } = await client.query<{ id: string; digest: string }>("select id, digest from slipway_steps");
    return new Map(rows.map(({ id, digest }) => [id, digest]));
  } catch (error) {
    if (sqlState(error) === undefinedTable) return new Map();
    throw error;
  }
}

async function runStep(client: Client, { id, statements }: SqlStep, digest: string): Promise<void> {
  await client.query("begin");
  try {
    await client.query(
      "create table if not exists slipway_steps (id text primary key, digest text not null, done_at timestamptz not null default now())",
    );
    for (const statement of statements) await client.query(statement);
    await client.query(
      "insert into slipway_steps (id, digest) values ($1, $2) on conflict (id) do update set digest = $2, done_at = now()",
      [id, digest],
    );
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}
