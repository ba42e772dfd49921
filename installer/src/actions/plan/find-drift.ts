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

/** What somebody made inside a service and its job leaves as it is. */
export interface Noted {
  readonly job: string;
  readonly component: string;
  readonly notes: readonly string[];
}

/** What the jobs that were asked found inside their services. */
export interface FoundInside {
  /** What somebody changed inside services since; an install leaves it, `slipway run` of its job sets it right. */
  readonly drift: readonly Drift[];
  /** What somebody made there and that job leaves, too. */
  readonly noted: readonly Noted[];
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
  question: DriftQuestion,
  ports: RunJobPorts,
): Promise<FoundInside> {
  return askWith(planned, question, ports, async (ask) => {
    // A job's container is one of the platform's: no other run may meet it.
    const release = await acquireRunLock(ports, question.install.layout, ports.random.uuid());
    try {
      return await ask();
    } finally {
      await release();
    }
  });
}

/** The same for a run that holds the lock itself. */
export function findDriftLocked(
  planned: readonly PlannedChange[],
  question: DriftQuestion,
  ports: RunJobPorts,
): Promise<FoundInside> {
  return askWith(planned, question, ports, (ask) => ask());
}

type Asking = () => Promise<FoundInside>;

async function askWith(
  planned: readonly PlannedChange[],
  { jobs, install, live }: DriftQuestion,
  ports: RunJobPorts,
  guard: (ask: Asking) => Promise<FoundInside>,
): Promise<FoundInside> {
  const asked = jobs
    .filter(canProbe)
    .filter((job) => job.editedByPeople === true && isAsPlanned(planned, job))
    .filter((job) => neededServices(job).every((id) => isServing(live, id)));
  if (asked.length === 0) return { drift: [], noted: [] };
  try {
    return await guard(() => askInTurn(asked, install, ports));
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    const of = [...new Set(asked.map(({ component }) => component))].join(", ");
    const why = error instanceof Error ? error.message : String(error);
    ports.report({
      type: "warning",
      message: `whether somebody changed what is set inside ${of} is not known: ${why}`,
    });
    return { drift: [], noted: [] };
  }
}

async function askInTurn(
  jobs: readonly (Job & { readonly probeArguments: readonly string[] })[],
  install: Install,
  ports: RunJobPorts,
): Promise<FoundInside> {
  const drift: Drift[] = [];
  const noted: Noted[] = [];
  for (const job of jobs) {
    const { changes, notes = [] } = await probeJob(job, install, ports);
    const head = { job: job.id, component: job.component };
    if (changes.length > 0) drift.push({ ...head, changes });
    if (notes.length > 0) noted.push({ ...head, notes });
  }
  return { drift, noted };
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
