import { InterruptedError } from "../../errors/installer-error.ts";
import type { Install } from "../../execute/state/install.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import type { Job } from "../../plan/model.ts";
import { serves } from "../../targets/live-platform.ts";
import { canProbe, neededServices, probeJob } from "../run-job/ask-job.ts";
import type { RunJobPorts } from "../run-job/run-job.ts";
import type { ObservedPlatform } from "./observe.ts";

/** What somebody changed inside a service since its job set it. An install leaves it; the job sets it right. */
export interface Drift {
  readonly job: string;
  readonly component: string;
  readonly changes: readonly string[];
}

/** What a plan says of one job or component. */
interface PlannedChange {
  readonly subject: string;
  readonly id: string;
  readonly action: string;
}

export interface DriftQuestion {
  readonly jobs: readonly Job[];
  readonly install: Install;
  readonly live: ObservedPlatform;
}

/**
 * Asks the jobs that set what people can change by a service's own means: by the job itself, from where it runs, with what it may see.
 * Nothing is changed by it, and what cannot be asked is said and stops no plan.
 * @throws InterruptedError
 */
export async function findDrift(
  planned: readonly PlannedChange[],
  { jobs, install, live }: DriftQuestion,
  ports: RunJobPorts,
): Promise<readonly Drift[]> {
  const asked = jobs
    .filter(canProbe)
    .filter((job) => job.editedByPeople === true && isAsPlanned(planned, job))
    .filter((job) => neededServices(job).every((id) => isServing(live, id)));
  if (asked.length === 0) return [];
  try {
    // A job's container is one of the platform's: no other run may meet it.
    const release = await acquireRunLock(ports, install.layout, ports.random.uuid());
    try {
      return await askInTurn(asked, install, ports);
    } finally {
      await release();
    }
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    const of = [...new Set(asked.map(({ component }) => component))].join(", ");
    const why = error instanceof Error ? error.message : String(error);
    ports.report({
      type: "warning",
      message: `whether somebody changed what is set inside ${of} is not known: ${why}`,
    });
    return [];
  }
}

async function askInTurn(
  jobs: readonly (Job & { readonly probeArguments: readonly string[] })[],
  install: Install,
  ports: RunJobPorts,
): Promise<readonly Drift[]> {
  const found: Drift[] = [];
  for (const job of jobs) {
    const { changes } = await probeJob(job, install, ports);
    if (changes.length > 0) found.push({ job: job.id, component: job.component, changes });
  }
  return found;
}

/** A job that runs at the next install sets it right by that. */
function isAsPlanned(planned: readonly PlannedChange[], { id, component }: Job): boolean {
  return planned
    .filter((change) => (change.subject === "job" ? change.id === id : change.id === component))
    .every(({ action }) => action === "unchanged");
}

function isServing({ services }: ObservedPlatform, id: string): boolean {
  const service = services.get(id);
  return service !== undefined && serves(service);
}
