import { InterruptedError } from "../../errors/installer-error.ts";
import type { Install } from "../../execute/state/install.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import type { Job } from "../../plan/model.ts";
import type { FoundByJob } from "../../execute/state/records.ts";
import { openApplied } from "../../execute/state/state-store.ts";
import { type LivePlatform, serves } from "../../targets/live-platform.ts";
import { canProbe, neededServices, probeJob } from "../run-job/ask-job.ts";
import type { RunJobPorts } from "../run-job/run-job.ts";

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
  readonly live: LivePlatform;
}

/**
 * Asks the jobs that set what people can change by a service's own means: by the job itself, from where it runs, with what it may see.
 * Nothing is changed by it, and what cannot be asked is said and stops no plan. What an install found is not asked again while the
 * job's stamp is the same.
 * @throws InterruptedError
 */
export async function findDrift(
  planned: readonly PlannedChange[],
  question: DriftQuestion,
  ports: RunJobPorts,
): Promise<FoundInside> {
  return findWith(planned, question, ports, async (ask) => {
    // A job's container is one of the platform's: no other run may meet it.
    const release = await acquireRunLock(ports, question.install.layout, ports.random.uuid());
    try {
      return await ask();
    } finally {
      await release();
    }
  });
}

/** The same for a run that holds the lock itself; it remembers what it found. */
export function findDriftLocked(
  planned: readonly PlannedChange[],
  question: DriftQuestion,
  ports: RunJobPorts,
): Promise<FoundInside> {
  return findWith(planned, question, ports, async (ask) => {
    const told = await ask();
    await remember(told, question.install, ports);
    return told;
  });
}

/** What a job told now, with the stamp from before it was asked. */
interface Told {
  readonly job: Job;
  readonly stamp: string | undefined;
  readonly found: Findings;
}

type Findings = Pick<FoundByJob, "changes" | "notes">;

type Asked = Job & { readonly probeArguments: readonly string[] };

async function findWith(
  planned: readonly PlannedChange[],
  { jobs, install, live }: DriftQuestion,
  ports: RunJobPorts,
  guard: (ask: () => Promise<readonly Told[]>) => Promise<readonly Told[]>,
): Promise<FoundInside> {
  const asked = jobs
    .filter(canProbe)
    .filter((job) => job.editedByPeople === true && isAsPlanned(planned, job))
    .filter((job) => neededServices(job).every((id) => isServing(live, id)));
  const stamped = await Promise.all(asked.map(async (job) => ({ job, stamp: await stampOf(job, live, ports) })));
  const known = new Map<string, Findings>();
  for (const { job, stamp } of stamped) {
    const found = install.applied.jobs[job.id]?.found;
    if (stamp !== undefined && found?.stamp === stamp) known.set(job.id, found);
  }
  const open = stamped.filter(({ job }) => !known.has(job.id));
  try {
    const told = open.length === 0 ? [] : await guard(() => askInTurn(open, install, ports));
    for (const { job, found } of told) known.set(job.id, found);
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    warnOfUnknown(open, error, ports);
  }
  return listFound(asked, known);
}

/** Undefined where it cannot be had quickly: then the job itself is asked, which says why it cannot. */
async function stampOf({ stamp }: Job, live: LivePlatform, { target }: RunJobPorts): Promise<string | undefined> {
  const service = stamp === undefined ? undefined : live.services.get(stamp.component);
  if (stamp === undefined || service === undefined || !serves(service)) return undefined;
  const answer = await target.ask(service, stamp.command).catch(() => undefined);
  return answer?.exitCode === 0 ? answer.lines.join("\n") : undefined;
}

async function askInTurn(
  asked: readonly { readonly job: Asked; readonly stamp: string | undefined }[],
  install: Install,
  ports: RunJobPorts,
): Promise<readonly Told[]> {
  const told: Told[] = [];
  for (const { job, stamp } of asked) {
    const { changes, notes = [] } = await probeJob(job, install, ports);
    told.push({ job, stamp, found: { changes, notes } });
  }
  return told;
}

async function remember(told: readonly Told[], { layout }: Install, { fs }: RunJobPorts): Promise<void> {
  if (told.every(({ stamp }) => stamp === undefined)) return;
  const record = await openApplied(fs, layout);
  await record.update(({ jobs }) => {
    const next = { ...jobs };
    for (const { job, stamp, found } of told) {
      const known = jobs[job.id];
      if (known !== undefined && stamp !== undefined) next[job.id] = { ...known, found: { stamp, ...found } };
    }
    return { jobs: next };
  });
}

function listFound(asked: readonly Job[], known: ReadonlyMap<string, Findings>): FoundInside {
  const drift: Drift[] = [];
  const noted: Noted[] = [];
  for (const { id, component } of asked) {
    const { changes, notes } = known.get(id) ?? { changes: [], notes: [] };
    if (changes.length > 0) drift.push({ job: id, component, changes });
    if (notes.length > 0) noted.push({ job: id, component, notes });
  }
  return { drift, noted };
}

function warnOfUnknown(open: readonly { readonly job: Job }[], error: unknown, { report }: RunJobPorts): void {
  const of = [...new Set(open.map(({ job }) => job.component))].join(", ");
  const why = error instanceof Error ? error.message : String(error);
  report({ type: "warning", message: `whether somebody changed what is set inside ${of} is not known: ${why}` });
}

/** A job that runs at the next install sets it right by that. */
function isAsPlanned(planned: readonly PlannedChange[], { id, component }: Job): boolean {
  return planned
    .filter((change) => (change.subject === "job" ? change.id === id : change.id === component))
    .every(({ action }) => action === "unchanged");
}

function isServing({ services }: LivePlatform, id: string): boolean {
  const service = services.get(id);
  return service !== undefined && serves(service);
}
