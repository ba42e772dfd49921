import type { Job } from "./contract.generated.ts";
import { assertNever } from "./errors.ts";
import type { JobContext } from "./jobs/job.ts";

/**
 * Runs or probes one job; each kind is loaded only when it is asked for.
 * @throws what the job met; the document is already checked.
 */
export async function runJob(job: Job, context: JobContext): Promise<void> {
  switch (job.kind) {
    case "postgres-databases":
      return (await import("./jobs/postgres-databases.ts")).runPostgresDatabases(job, context);
    case "postgres-prepared":
      return (await import("./jobs/postgres-prepared.ts")).runPostgresPrepared(job, context);
    case "s3-buckets":
      return (await import("./jobs/s3-buckets.ts")).runS3Buckets(job, context);
    case "temporal-schema":
      return (await import("./jobs/temporal-schema.ts")).runTemporalSchema(job, context);
    case "temporal-namespace":
      return (await import("./jobs/temporal-namespace.ts")).runTemporalNamespace(job, context);
    case "casdoor-bootstrap":
      return (await import("./jobs/casdoor-bootstrap.ts")).runCasdoorBootstrap(job, context);
    case "sql-steps":
      return (await import("./jobs/sql-steps.ts")).runSqlSteps(job, context);
    case "restore-postgres":
      return (await import("./backup/restore-jobs.ts")).runRestorePostgres(job, context);
    case "restore-sequences":
      return (await import("./backup/restore-sequences.ts")).runRestoreSequences(job, context);
    case "restore-git":
      return (await import("./backup/restore-jobs.ts")).runRestoreGit(job, context);
    case "restore-objects":
      return (await import("./backup/restore-jobs.ts")).runRestoreObjects(job, context);
    case "restore-streams":
      return (await import("./backup/restore-jobs.ts")).runRestoreStreams(job, context);
    default:
      return assertNever(job);
  }
}
