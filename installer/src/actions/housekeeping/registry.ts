import {
  ApplyError,
  InterruptedError,
  LockedError,
  PreflightError,
  TimeoutError,
} from "../../errors/installer-error.ts";
import { steps } from "../../events/steps.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import { withStep } from "../../execute/with-step.ts";
import type { Component, Job } from "../../plan/model.ts";
import type { JobRun } from "../../targets/target.ts";
import { alone } from "../alone.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import type { Hold } from "../hold/hold-at-gateway.ts";
import { requireServing } from "../run-job/run-job.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { holdPushes } from "./hold-pushes.ts";
import { requireOwn } from "./own-registry.ts";
import { untilEarlierRequestsEnd } from "./registry-requests.ts";

export interface RegistryHousekeepingRequest extends InstallTarget {
  /** Only say what would be removed; pushes go on. */
  readonly dryRun: boolean;
  /** Remove images, too, that no tag leads to. */
  readonly untagged: boolean;
  /** Minutes for which pushes wait at most. */
  readonly minutes: number;
}

export interface RegistryHousekeepingResult extends ResultHead<"RegistryHousekeepingResult"> {
  readonly name: string;
  readonly dryRun: boolean;
  /** Layers and other blobs that no image names: removed, or on a dry run would be. */
  readonly blobs: number;
  /** Images that no tag leads to: removed, or on a dry run would be; 0 unless they were asked for. */
  readonly images: number;
  /** Blobs that images name, and that stay. */
  readonly keptBlobs: number;
  /** Seconds for which pushes had to wait; 0 on a dry run. */
  readonly heldSeconds: number;
  /** Milliseconds that all of it took. */
  readonly ms: number;
}

type Counts = Pick<RegistryHousekeepingResult, "blobs" | "images" | "keptBlobs">;

/**
 * Removes what no image of the platform's registry names, while pushes wait and pulls go on.
 * @throws PreflightError when nothing is installed, the registry is not the platform's own, or does not serve; ApplyError; TimeoutError when
 * it takes longer than pushes wait; LockedError; InterruptedError, after which nothing waits any more
 */
export async function cleanRegistry(
  request: RegistryHousekeepingRequest,
  ports: ActionPorts,
): Promise<RegistryHousekeepingResult> {
  const begun = ports.clock.monotonicMs();
  const { counts, heldSeconds } = request.dryRun ? await countOnly(request, ports) : await removeHeld(request, ports);
  return {
    apiVersion: "slipway/v1",
    kind: "RegistryHousekeepingResult",
    name: request.name,
    dryRun: request.dryRun,
    ...counts,
    heldSeconds,
    ms: Math.round(ports.clock.monotonicMs() - begun),
  };
}

interface Cleaned {
  readonly counts: Counts;
  readonly heldSeconds: number;
}

/** Changes nothing, so that it may go on beside whatever else does. */
async function countOnly(request: RegistryHousekeepingRequest, ports: ActionPorts): Promise<Cleaned> {
  const install = await openInstall(request, ports.fs);
  const plan = await requireInstalledHere(install, ports);
  const { job } = requireOwn(plan);
  await requireServing(job, install, ports);
  const window = windowFrom(ports, request);
  const counts = await withStep(ports, steps.cleanRegistry, () => runJob({ job, install, window }, request, ports));
  return { counts, heldSeconds: 0 };
}

async function removeHeld(request: RegistryHousekeepingRequest, ports: ActionPorts): Promise<Cleaned> {
  const deed = { command: "housekeeping registry", required: requireOwn };
  return alone(request, deed, ports, async ({ plan, install }) => {
    const { component, job } = requireOwn(plan);
    await requireServing(job, install, ports);
    const hold = await withStep(ports, steps.holdPushes, () => holdPushes(plan, install, request.minutes * 60, ports));
    let heldSeconds: Promise<number> | undefined;
    const release = (): Promise<number> => (heldSeconds ??= hold.release());
    try {
      const window = windowFrom(ports, request);
      await ports.failpoint("pushes:held");
      await untilEarlierRequestsEnd(requestsOf(component, request), install, ports);
      const counts = await withStep(ports, steps.cleanRegistry, () =>
        runJob({ job, install, window }, request, { ...ports, hold }),
      );
      return { counts, heldSeconds: await release() };
    } finally {
      await release();
    }
  });
}

/** At most half of the time goes by before anything is removed. */
function requestsOf({ id, endpoints: [endpoint] }: Component, { minutes }: RegistryHousekeepingRequest) {
  if (endpoint === undefined) throw new PreflightError(`${id} is reached nowhere`);
  return { component: id, port: endpoint.port, limitSeconds: minutes * 30 };
}

interface Window {
  /** Seconds since 1970. */
  readonly from: number;
  readonly until: number;
}

interface Cleaning {
  readonly job: Job;
  readonly install: Install;
  readonly window: Window;
}

function windowFrom({ clock }: Pick<ActionPorts, "clock">, { minutes }: RegistryHousekeepingRequest): Window {
  const from = Math.floor(clock.now().getTime() / 1000);
  return { from, until: from + minutes * 60 };
}

const outOfTime: readonly number[] = [124, 137];
/** What the registry's program says, as an error, where nobody has pushed yet. */
const nothingThere = /Path not found: \S*\/repositories$/;

/** @throws ApplyError with its last lines; TimeoutError */
async function runJob(
  { job, install, window: { from, until } }: Cleaning,
  { dryRun, untagged, minutes }: RegistryHousekeepingRequest,
  ports: JobPorts,
): Promise<Counts> {
  const words = [`${from}`, `${until}`, ...(dryRun ? ["--dry-run"] : []), ...(untagged ? ["--delete-untagged"] : [])];
  const last: string[] = [];
  let counts: Counts | undefined;
  const onLine = (line: string): void => {
    counts ??= parseCounts(line);
    last.push(line);
    if (last.length > mostLines) last.shift();
  };
  const run = { id: job.id, title: job.title, limitSeconds: job.deadlineSeconds, arguments: words, onLine };
  const status = await statusOf(run, install, ports);
  if (outOfTime.includes(status)) {
    throw new TimeoutError(`the registry was not through within ${minutes} minutes; what was removed stays removed`, {
      hint: "give it longer with --minutes: it begins anew, with less to remove",
    });
  }
  if (status === 0 && counts !== undefined) return counts;
  if (last.some((line) => nothingThere.test(line))) return { blobs: 0, images: 0, keptBlobs: 0 };
  throw new ApplyError(`the job ${job.id} failed with exit status ${status}`, {
    hint: "what it removed was named by nothing; the lines below say what stopped it",
    output: last,
  });
}

const mostLines = 30;

type JobPorts = Pick<ActionPorts, "target" | "report" | "signal" | "clock"> & { readonly hold?: Hold };

/** These say that the job was ended. */
const endings = [InterruptedError, LockedError, TimeoutError];
/** What has been told to end may take so long to do so. */
const endingMs = 3000;

/** Runs the job to its end. Where nobody could see to that, pushes wait for as long as it may go on. */
async function statusOf(run: JobRun, install: Install, ports: JobPorts): Promise<number> {
  const { target, report, signal, clock, hold } = ports;
  try {
    // It prints digests and names of images, no secret.
    return await target.runJob(install, run, { report, signal, redact: (line) => line });
  } catch (error) {
    if (hold === undefined) throw error;
    if (endings.some((kind) => error instanceof kind)) {
      await clock.sleep(endingMs);
    } else {
      hold.leave();
      report({ type: "warning", message: "pushes wait until what was started has ended: nobody could see to its end" });
    }
    throw error;
  }
}

function parseCounts(line: string): Counts | undefined {
  const found = /^(\d+) blobs marked, (\d+) blobs and (\d+) manifests eligible for deletion$/.exec(line.trim());
  if (found === null) return undefined;
  return { keptBlobs: Number(found[1]), blobs: Number(found[2]), images: Number(found[3]) };
}
