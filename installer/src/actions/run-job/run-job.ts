import type { JobResult } from "../../../../toolbox/src/contract.ts";
import { ApplyError, PreflightError, UsageError } from "../../errors/installer-error.ts";
import { type Install, openInstall, requireInstalled } from "../../execute/state/install.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import type { Job, Plan } from "../../plan/model.ts";
import { serves } from "../../targets/live-platform.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";

export interface RunJobRequest extends InstallTarget {
  readonly job: string;
}

export interface RunJobResult extends ResultHead<"RunJobResult"> {
  readonly name: string;
  readonly job: string;
  /** What it made so; empty when all was as it should be. Undefined for a job that does not tell. */
  readonly changes?: readonly string[];
  readonly ms: number;
}

export type RunJobPorts = Pick<
  ActionPorts,
  "fs" | "target" | "locks" | "host" | "clock" | "process" | "random" | "report" | "signal"
>;

/**
 * Runs one job of the bring-up again, for what somebody changed in a service since; the install itself sees only its own files.
 * @throws UsageError for a job that is not there or runs before its service; PreflightError when nothing is installed or what the job
 * needs does not serve; ApplyError when it fails, with its last lines; TimeoutError; LockedError
 */
export async function runJob(request: RunJobRequest, ports: RunJobPorts): Promise<RunJobResult> {
  const install = await openInstall(request, ports.fs);
  const plan = requireInstalled(install);
  const job = requireJob(plan, request.job);
  const release = await acquireRunLock(ports, install.layout, ports.random.uuid());
  try {
    await requireServing(job, install, ports);
    return await runToEnd(job, install, ports);
  } finally {
    await release();
  }
}

function requireJob(plan: Plan, id: string): Job {
  const jobs = plan.jobs.filter((job) => job.trigger === "bring-up");
  const repeatable = jobs.filter((job) => !runsBefore(plan, job));
  const found = repeatable.find((job) => job.id === id);
  if (found !== undefined) return found;
  const isThere = jobs.some((job) => job.id === id);
  throw new UsageError(
    isThere ? `the job ${id} runs before its service starts, and only then` : `there is no job ${id} to run`,
    { hint: `jobs are ${repeatable.map((job) => job.id).join(", ")}` },
  );
}

/** Its own service waits for it: it works on data that nobody else may hold at the time. */
function runsBefore(plan: Plan, { id, component }: Job): boolean {
  const needs = plan.components.find((row) => row.id === component)?.needs ?? [];
  return needs.some((need) => need.kind === "completed" && need.job === id);
}

async function requireServing(job: Job, install: Install, { target }: RunJobPorts): Promise<void> {
  const needed = job.needs.flatMap((need) => (need.kind === "healthy" ? [need.component] : []));
  const { services } = await target.observe(install, { components: needed, images: [] });
  const missing = needed.filter((id) => {
    const service = services.get(id);
    return service === undefined || !serves(service);
  });
  if (missing.length === 0) return;
  throw new PreflightError(`the job ${job.id} needs ${missing.join(", ")}, which does not serve`, {
    hint: "slipway start starts what is stopped",
  });
}

async function runToEnd(job: Job, install: Install, ports: RunJobPorts): Promise<RunJobResult> {
  const begin = ports.clock.monotonicMs();
  const lines: string[] = [];
  const run = {
    id: job.id,
    title: job.title,
    limitSeconds: job.deadlineSeconds,
    onLine: (line: string) => void lines.push(line),
  };
  const { report, signal } = ports;
  // What the toolbox writes has no secrets in it any more.
  const status = await ports.target.runJob(install, run, { report, signal, redact: (line) => line });
  const told = lines.map(parseResult).findLast((result) => result !== undefined);
  if (status !== 0) throw failed(job, status, told, lines);
  return {
    apiVersion: "slipway/v1",
    kind: "RunJobResult",
    name: install.name,
    job: job.id,
    ...(told === undefined ? {} : { changes: told.changes }),
    ms: Math.round(ports.clock.monotonicMs() - begin),
  };
}

function failed(job: Job, status: number, told: JobResult | undefined, lines: readonly string[]): ApplyError {
  const why = told?.error === undefined ? `failed with exit status ${status}` : `failed: ${told.error}`;
  return new ApplyError(`the job ${job.id} (${job.title}) ${why}`, {
    hint: told?.cause ?? "correct the cause and run the same command again; what is done stays done",
    details: told === undefined ? lines.slice(-30) : told.changes.map((change) => `done already: ${change}`),
  });
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
