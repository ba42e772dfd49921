import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { bringUpJobs } from "../../execute/bring-up-graph.ts";
import { recordRun } from "../../execute/history/run-history.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import type { Job, Plan } from "../../plan/model.ts";
import { isUp, serves } from "../../targets/live-platform.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { summariseLines } from "../history/shorten.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { canProbe, neededServices, probeJob, repeatJob } from "./ask-job.ts";

export interface RunJobRequest extends InstallTarget {
  readonly job: string;
  /** Only say what it would set right. */
  readonly dryRun?: boolean;
}

export interface RunJobResult extends ResultHead<"RunJobResult"> {
  readonly name: string;
  readonly job: string;
  readonly dryRun: boolean;
  /** What it made so, or would; empty when all was as it should be. Undefined for a job that does not tell. */
  readonly changes?: readonly string[];
  /** What somebody else made and the job leaves as it is. */
  readonly notes?: readonly string[];
  readonly ms: number;
}

export type RunJobPorts = Pick<
  ActionPorts,
  "fs" | "assets" | "target" | "locks" | "host" | "clock" | "process" | "random" | "report" | "signal"
>;

/**
 * Runs one job of the bring-up again, for what somebody changed in a service since; the install itself sees only its own files.
 * @throws UsageError for a job that is not there, runs before its service or, on a dry run, cannot but do it; PreflightError when nothing
 * is installed or what the job needs does not serve; ApplyError when it fails, with its last lines; TimeoutError; LockedError
 */
export async function runJob(request: RunJobRequest, ports: RunJobPorts): Promise<RunJobResult> {
  const install = await openInstall(request, ports.fs);
  const plan = await requireInstalledHere(install, ports);
  const job = requireJob(plan, request.job);
  const run = ports.random.uuid();
  const release = await acquireRunLock(ports, install.layout, run);
  try {
    await requireServing(job, install, ports);
    if (request.dryRun === true) return await runToEnd(job, install, request, ports);
    const head = { run, command: `run ${job.id}`, version: ports.assets.version };
    return await recordRun(ports, install.layout, head, async (tell) => {
      const result = await runToEnd(job, install, request, ports);
      // One that does not tell what it did may have done something.
      tell({ changed: result.changes === undefined ? [`run ${job.id}`] : summariseLines(result.changes) });
      return result;
    });
  } finally {
    await release();
  }
}

function requireJob(plan: Plan, id: string): Job {
  const jobs = bringUpJobs(plan);
  const repeatable = repeatableJobs(plan);
  const found = repeatable.find((job) => job.id === id);
  if (found !== undefined) return found;
  const isThere = jobs.some((job) => job.id === id);
  throw new UsageError(
    isThere ? `the job ${id} runs before its service starts, and only then` : `there is no job ${id} to run`,
    {
      hint:
        repeatable.length === 0 ? "this platform has none" : `jobs are ${repeatable.map((job) => job.id).join(", ")}`,
    },
  );
}

/** Jobs that can run again while their service serves. */
export function repeatableJobs(plan: Plan): readonly Job[] {
  return bringUpJobs(plan).filter((job) => !runsBefore(plan, job));
}

/** Its own service waits for it: it works on data that nobody else may hold at the time. */
function runsBefore(plan: Plan, { id, component }: Job): boolean {
  const needs = plan.components.find((row) => row.id === component)?.needs ?? [];
  return needs.some((need) => need.kind === "completed" && need.job === id);
}

/** @throws PreflightError when what a job needs does not serve */
export async function requireServing(
  job: Job,
  install: Install,
  { target }: Pick<ActionPorts, "target">,
): Promise<void> {
  const needed = neededServices(job);
  const { services } = await target.observe(install, { components: needed, images: [] });
  const missing = needed.filter((id) => {
    const service = services.get(id);
    return service === undefined || !serves(service);
  });
  const isUpAlready = missing.every((id) => {
    const service = services.get(id);
    return service !== undefined && isUp(service);
  });
  if (missing.length === 0) return;
  throw new PreflightError(`the job ${job.id} needs ${missing.join(", ")}, which does not serve`, {
    hint: isUpAlready
      ? `slipway logs ${missing[0] ?? ""} says why, or it is about to`
      : "slipway start starts what is stopped",
  });
}

async function runToEnd(job: Job, install: Install, { dryRun }: RunJobRequest, ports: RunJobPorts) {
  const begin = ports.clock.monotonicMs();
  const told =
    dryRun === true ? await probeJob(requireProbe(job), install, ports) : await repeatJob(job, install, ports);
  return {
    apiVersion: "slipway/v1",
    kind: "RunJobResult",
    name: install.name,
    job: job.id,
    dryRun: dryRun === true,
    ...(told === undefined ? {} : { changes: told.changes }),
    ...(told?.notes === undefined ? {} : { notes: told.notes }),
    ms: Math.round(ports.clock.monotonicMs() - begin),
  } as const satisfies RunJobResult;
}

function requireProbe(job: Job) {
  if (canProbe(job)) return job;
  throw new UsageError(`the job ${job.id} cannot say what it would do without doing it`, {
    hint: `slipway run ${job.id} does it`,
  });
}
