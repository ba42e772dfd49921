import type { JobResult } from "../../../../toolbox/src/contract.ts";
import { ApplyError } from "../../errors/installer-error.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Job } from "../../plan/model.ts";
import type { ActionPorts } from "../context.ts";

/** How a job's container ended, and what it told, if it tells. */
export interface JobAnswer {
  readonly status: number;
  readonly told: JobResult | undefined;
  readonly lines: readonly string[];
}

export type AskPorts = Pick<ActionPorts, "target" | "report" | "signal">;

/** Exit status of a probe that found something to do. */
const somethingToDo = 10;

/** Runs a job's container to its end, with the job's own arguments or with others. */
async function askJob(
  job: Job,
  install: Install,
  given: readonly string[] | undefined,
  { target, report, signal }: AskPorts,
): Promise<JobAnswer> {
  const lines: string[] = [];
  const run = {
    id: job.id,
    title: job.title,
    limitSeconds: job.deadlineSeconds,
    onLine: (line: string) => void lines.push(line),
    ...(given === undefined ? {} : { arguments: given }),
  };
  // What the toolbox writes has no secrets in it any more.
  const status = await target.runJob(install, run, { report, signal, redact: (line) => line });
  return { status, told: lines.map(parseResult).findLast((result) => result !== undefined), lines };
}

/**
 * Runs a job once more; undefined where it does not tell what it did.
 * @throws ApplyError when it fails
 */
export async function repeatJob(job: Job, install: Install, ports: AskPorts): Promise<JobResult | undefined> {
  const answer = await askJob(job, install, undefined, ports);
  if (answer.status !== 0) throw failedJob(job, answer);
  return answer.told;
}

/**
 * What a job would set right, changing nothing.
 * @throws ApplyError when it cannot look
 */
export async function probeJob(
  job: Job & { readonly probeArguments: readonly string[] },
  install: Install,
  ports: AskPorts,
): Promise<Pick<JobResult, "changes" | "notes">> {
  const answer = await askJob(job, install, job.probeArguments, ports);
  const { status, told } = answer;
  if (told?.missing === undefined || (status !== 0 && status !== somethingToDo)) throw failedJob(job, answer);
  return { changes: told.missing, ...(told.notes === undefined ? {} : { notes: told.notes }) };
}

/** Why a job failed, and what it did before. */
function failedJob(job: Job, { status, told, lines }: JobAnswer): ApplyError {
  const why = told?.error === undefined ? `failed with exit status ${status}` : `failed: ${told.error}`;
  return new ApplyError(`the job ${job.id} (${job.title}) ${why}`, {
    hint: told?.cause ?? "correct the cause and run the same command again; what is done stays done",
    details: told === undefined ? lines.slice(-30) : told.changes.map((change) => `done already: ${change}`),
  });
}

/** Components that have to serve before the job runs. */
export function neededServices({ needs }: Job): readonly string[] {
  return needs.flatMap((need) => (need.kind === "healthy" ? [need.component] : []));
}

export function canProbe(job: Job): job is Job & { readonly probeArguments: readonly string[] } {
  return job.probeArguments !== undefined;
}

function parseResult(line: string): JobResult | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const parsed = JSON.parse(line) as Partial<JobResult>;
    return typeof parsed.job === "string" && Array.isArray(parsed.changes) ? (parsed as JobResult) : undefined;
  } catch {
    return undefined;
  }
}
