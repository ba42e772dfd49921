import { ApplyError, InterruptedError, TimeoutError } from "../../errors/installer-error.ts";
import { startLimitSeconds } from "../../execute/bring-up-graph.ts";
import type { WantedUnit } from "../../execute/wanted.ts";
import { withProgress } from "../../execute/with-progress.ts";
import type { Component, Job, Plan } from "../../plan/model.ts";
import type { Cluster } from "../../platform/cluster-ports.ts";
import type { Clock } from "../../platform/ports.ts";
import type { HelmPlace } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { holds, type JobObject, type PodObject } from "./objects.ts";
import { endOf, isRolledOut, newestFirst, type PodTrouble, statusOf, troubleOf } from "./pods.ts";
import { lastProbe, lastLinesOf } from "./pod-words.ts";
import { specAnnotation } from "./labels.ts";
import { runsInPod } from "../../render/helm/helm-claims.ts";
import { nextChange, type WatchedObjects } from "./watched-objects.ts";

export interface RolloutContext {
  readonly cluster: Cluster;
  readonly place: HelmPlace;
  readonly clock: Clock;
  readonly objects: WatchedObjects;
  readonly plan: Plan;
  readonly signal: AbortSignal;
  /** Takes secrets out of a line that a pod wrote. */
  readonly redact: (line: string) => string;
  /** For everything together, when the person set a limit. */
  readonly timeoutSeconds?: number | undefined;
  /** ConfigMaps whose key says that a job is done, by job. */
  readonly markers: ReadonlyMap<string, string>;
  /** What the key of a job's marker says when the job is done as wanted. */
  readonly doneAs: (job: WantedUnit) => string;
  readonly show: (id: string, state: "waiting" | "starting" | "running", detail?: string) => void;
  readonly onServing: (component: Component, unit: WantedUnit) => Promise<void>;
  readonly onDone: (job: Job, unit: WantedUnit) => Promise<void>;
}

/** How long what may pass by itself is given: a registry that comes back, a node that is added. */
const patienceSeconds: Readonly<Record<PodTrouble["kind"], number>> = {
  image: 60,
  place: 180,
  refused: 60,
  ended: 0,
  evicted: 60,
};

/** How long what a component needs may serve before the component's own container has begun: its image is pulled in this time. */
const beginSeconds = 900;

/**
 * Waits until every service serves as wanted and every job is done.
 * @throws ApplyError, TimeoutError naming the component or job, with its reason and last lines; InterruptedError
 */
export async function awaitRollout(units: ReadonlyMap<string, WantedUnit>, context: RolloutContext): Promise<void> {
  const { clock, objects, signal, plan } = context;
  const watch = startWatch(context);
  const waiting = new Map([...units].filter(([id]) => isAwaited(plan, id)));
  const done: string[] = [];
  try {
    for (;;) {
      if (signal.aborted) throw new InterruptedError("interrupted while components were starting");
      done.push(...(await takeReady(waiting, context)));
      if (waiting.size === 0) return;
      for (const id of waiting.keys()) {
        await removeStuck(id, context);
        await requireHope(id, watch, { ...context, waiting });
      }
      await nextChange(objects, clock, signal);
    }
  } catch (error) {
    throw withProgress(error, done);
  }
}

/** Those that are ready now; they are waited for no longer. */
async function takeReady(waiting: Map<string, WantedUnit>, context: RolloutContext): Promise<readonly string[]> {
  const ready: string[] = [];
  for (const [id, unit] of waiting) if (await isReady(id, unit, context)) ready.push(id);
  for (const id of ready) waiting.delete(id);
  return ready;
}

/** Jobs in a component's pod are done when it serves; those on request are nobody's to wait for. */
function isAwaited(plan: Plan, id: string): boolean {
  const job = plan.jobs.find((candidate) => candidate.id === id);
  return job === undefined || (job.trigger === "bring-up" && !runsInPod(plan, job));
}

async function isReady(id: string, unit: WantedUnit, context: RolloutContext): Promise<boolean> {
  const { objects, plan, markers, doneAs, onServing, onDone } = context;
  const job = plan.jobs.find((candidate) => candidate.id === id);
  if (job !== undefined) {
    const marker = markers.get(id);
    if (marker === undefined || objects.entry(marker, "done") !== doneAs(unit)) return false;
    await onDone(job, unit);
    return true;
  }
  const component = plan.components.find((candidate) => candidate.id === id);
  const workload = objects.workload(id);
  if (component === undefined || workload === undefined || !isRolledOut(workload)) return false;
  if (workload.metadata.annotations?.[specAnnotation] !== unit.specHash) return false;
  await onServing(component, unit);
  return true;
}

/**
 * A StatefulSet waits for ever for a pod of an earlier definition that does not serve, and gives no pod the new one before (Kubernetes'
 * documentation, StatefulSet, "Forced rollback"). Such a pod is taken away; a Deployment needs no help.
 */
async function removeStuck(id: string, { cluster, place, objects }: RolloutContext): Promise<void> {
  const workload = objects.workload(id);
  const revision = workload?.status?.updateRevision;
  if (workload === undefined || revision === undefined) return;
  if ((workload.status?.observedGeneration ?? 0) < (workload.metadata.generation ?? 0)) return;
  const stuck = newestFirst(objects.pods(id)).filter(
    ({ metadata, status }) =>
      metadata.labels?.[revisionLabel] !== undefined &&
      metadata.labels[revisionLabel] !== revision &&
      !holds(status?.conditions, "Ready"),
  );
  for (const { metadata } of stuck) {
    const { name, uid } = metadata;
    await cluster.remove({ ...kinds.pod, ...place, name }, uid === undefined ? {} : { uid });
  }
}

/** On pods of StatefulSets: the revision of the definition they were made from. */
const revisionLabel = "controller-revision-hash";

/** Moments from which limits count. */
interface Watch {
  readonly beganAt: number;
  /** When a trouble was first seen, by unit and kind. */
  readonly troubles: Map<string, number>;
  /** When nothing that a unit needs was awaited any more. */
  readonly freeAt: Map<string, number>;
  /** When a component's own container was first seen to run, by pod. */
  readonly runsSince: Map<string, number>;
  readonly shown: Map<string, string>;
}

function startWatch({ clock }: RolloutContext): Watch {
  const beganAt = clock.monotonicMs();
  return { beganAt, troubles: new Map(), freeAt: new Map(), runsSince: new Map(), shown: new Map() };
}

interface Waiting extends RolloutContext {
  readonly waiting: ReadonlyMap<string, WantedUnit>;
}

/** What is known of a unit that is waited for. */
interface Held {
  readonly id: string;
  readonly pod: PodObject | undefined;
  readonly trouble: PodTrouble | undefined;
}

/** @throws ApplyError, TimeoutError where waiting longer is no use */
async function requireHope(id: string, watch: Watch, context: Waiting): Promise<void> {
  const { clock, timeoutSeconds = Infinity, plan, objects, markers } = context;
  const job = plan.jobs.find((candidate) => candidate.id === id);
  if (job !== undefined) await requireJob(job, context);
  const pods = newestFirst(objects.pods(id));
  const pod = pods.find((candidate) => ownedByWanted(candidate, job, context)) ?? pods[0];
  const held: Held = { id, pod, trouble: pod === undefined ? undefined : troubleOf(pod, new Set(markers.values())) };
  tell(held, watch, context);
  if (job === undefined) {
    await requirePatience(held, watch, context);
    await requireTime(held, watch, context);
  }
  if ((clock.monotonicMs() - watch.beganAt) / 1000 < timeoutSeconds) return;
  throw new TimeoutError(`${id} did not serve within the ${timeoutSeconds} s that were given`, {
    hint: "give more time with --timeout, or see what holds it up: slipway status",
    details: held.trouble === undefined ? [] : [`${id}: ${held.trouble.message}`],
  });
}

/** Pods of the newest Job only: those of its earlier tries have ended. */
function ownedByWanted(pod: PodObject, job: Job | undefined, { objects }: RolloutContext): boolean {
  if (job === undefined) return true;
  const uid = objects.job(job.id)?.metadata.uid;
  return pod.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
}

function tell({ id, pod, trouble }: Held, { shown }: Watch, { show, plan }: RolloutContext): void {
  const isJob = plan.jobs.some((job) => job.id === id);
  const begun = pod !== undefined && statusOf(pod, id)?.state?.running !== undefined;
  const state = begun ? (isJob ? "running" : "starting") : "waiting";
  const detail = trouble?.message;
  const said = `${state} ${detail ?? ""}`;
  if (shown.get(id) === said) return;
  shown.set(id, said);
  show(id, state, detail);
}

async function requirePatience(
  { id, pod, trouble }: Held,
  { troubles }: Watch,
  context: RolloutContext,
): Promise<void> {
  if (pod === undefined || trouble === undefined) return;
  const now = context.clock.monotonicMs();
  const key = `${id} ${trouble.kind}`;
  const since = troubles.get(key) ?? now;
  troubles.set(key, since);
  if ((now - since) / 1000 < patienceSeconds[trouble.kind]) return;
  const message = trouble.message.startsWith(id) ? trouble.message : `${id}: ${trouble.message}`;
  throw new ApplyError(message, {
    hint: trouble.remedy,
    details: trouble.container === undefined ? [] : await lastLinesOf(pod, trouble.container, context),
  });
}

/** A component's limit counts from the start of its own container; before, from when all that it needs served. */
async function requireTime({ id, pod }: Held, watch: Watch, context: Waiting): Promise<void> {
  const { clock, plan } = context;
  const component = plan.components.find((candidate) => candidate.id === id);
  if (component === undefined || pod === undefined) return;
  const now = clock.monotonicMs();
  if (statusOf(pod, id)?.state?.running === undefined) {
    if (!isHeldUp(component, context)) requireBeginning(id, pod, watch, context);
    return;
  }
  const key = `${id} ${pod.metadata.uid ?? ""}`;
  const since = watch.runsSince.get(key) ?? now;
  watch.runsSince.set(key, since);
  const limit = startLimitSeconds(component);
  if ((now - since) / 1000 < limit) return;
  const probe = await lastProbe(pod, context);
  throw new TimeoutError(`${id} was not healthy within ${limit} s: ${probe ?? "its health check did not pass"}`, {
    hint: `slipway logs ${id} shows more; on a slow cluster give it more time in the values`,
    details: await lastLinesOf(pod, id, context),
  });
}

/** What a job takes that runs in the pod before the component is its own: the time for all else begins anew behind it. */
function requireBeginning(id: string, pod: PodObject, { freeAt }: Watch, { clock, plan }: Waiting): void {
  const now = clock.monotonicMs();
  const job = runningJob(pod, plan);
  if (job !== undefined) freeAt.delete(id);
  const key = job === undefined ? id : `${id} ${job.id} ${pod.metadata.uid ?? ""}`;
  const since = freeAt.get(key) ?? now;
  freeAt.set(key, since);
  const limit = job?.deadlineSeconds ?? beginSeconds;
  if ((now - since) / 1000 < limit) return;
  throw new TimeoutError(
    job === undefined
      ? `${id} has not begun within ${limit} s of what it needs`
      : `the job ${job.id} (${job.title}) did not end within ${limit} s`,
    { hint: `kubectl describe pod ${pod.metadata.name} shows what it waits for` },
  );
}

/** The job that runs in a component's pod before it. */
function runningJob(pod: PodObject, { jobs }: Plan): Job | undefined {
  return jobs.find(({ id }) => statusOf(pod, id)?.state?.running !== undefined);
}

function isHeldUp({ needs }: Component, { waiting }: Waiting): boolean {
  return needs.some((need) => waiting.has(need.kind === "healthy" ? need.component : need.job));
}

async function requireJob(job: Job, context: RolloutContext): Promise<void> {
  const live = context.objects.job(job.id);
  const failed = live?.status?.conditions?.find(({ type, status }) => type === "Failed" && status === "True");
  if (live === undefined || failed === undefined) return;
  const pod = newestFirst(context.objects.pods(job.id)).find((candidate) => isOf(candidate, live));
  const end = pod === undefined ? undefined : failedContainer(pod, job.id);
  const why =
    end === undefined
      ? `failed: ${failed.reason === "DeadlineExceeded" ? "it did not end in time" : (failed.message ?? failed.reason ?? "no reason is known")}`
      : `failed with exit status ${end.exitCode}`;
  throw new ApplyError(`the job ${job.id} (${job.title}) ${why}`, {
    hint: "correct the cause and run the same command again; what is done stays done",
    details: pod === undefined ? [] : await lastLinesOf(pod, end?.container ?? job.id, context),
  });
}

function isOf(pod: PodObject, job: JobObject): boolean {
  return pod.metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid) === true;
}

/** The job's own container where it has ended badly, else the first step that has. */
function failedContainer(
  pod: PodObject,
  id: string,
): { readonly container: string; readonly exitCode: number } | undefined {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const failed = statuses.flatMap((status) => {
    const end = endOf(status);
    return end === undefined || end.exitCode === 0 ? [] : [{ container: status.name, exitCode: end.exitCode }];
  });
  return failed.find(({ container }) => container === id) ?? failed[0];
}
