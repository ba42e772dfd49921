import type { RestoreSequencesJob } from "../contract.generated.ts";
import type { JobContext } from "../jobs/job.ts";
import { connectPostgres, sqlState } from "../postgres-client.ts";

/** More than are given out between the moment of a backup and the end of its copy. */
const leap = 10_000;

/**
 * Lets the sequences of databases that were brought back leap ahead. Repositories and objects are copied after the databases, so that some
 * bear numbers that no row has yet: given out again, such a number would open somebody's data to somebody else.
 */
export async function runRestoreSequences(job: RestoreSequencesJob, context: JobContext): Promise<void> {
  for (const database of job.databases) await leapAhead(job, database, context);
}

async function leapAhead({ admin }: RestoreSequencesJob, database: string, context: JobContext): Promise<void> {
  let client;
  try {
    client = await connectPostgres({ ...admin, database });
  } catch (error) {
    // A backup from before there was such a service.
    if (sqlState(error) === "3D000") return;
    throw error;
  }
  try {
    // Its owner may have functions of his own, which must not be called with an administrator's rights.
    await client.query("select pg_catalog.set_config('search_path', 'pg_catalog', false)");
    const found = await client.query<{ schema: string; name: string }>(
      `select schemaname as schema, sequencename as name from pg_catalog.pg_sequences
       where not cycle and last_value is not null and increment_by = 1 and last_value < max_value - $1::bigint
         and schemaname not like '\\_timescaledb%' order by 1, 2`,
      [leap],
    );
    if (found.rows.length === 0) return;
    await context.change(`let ${found.rows.length} sequences of ${database} leap ahead`, async () => {
      for (const { schema, name } of found.rows) {
        const sequence = `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`;
        await client.query(`select pg_catalog.setval($1::regclass, last_value + $2) from ${sequence}`, [
          sequence,
          leap,
        ]);
      }
    });
  } finally {
    await client.end();
  }
}
