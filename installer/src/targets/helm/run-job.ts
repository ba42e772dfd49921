import { PreflightError, TimeoutError } from "../../errors/installer-error.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Cluster, ContainerRef, KubeObject } from "../../platform/cluster-ports.ts";
import type { JobRun, TargetIo } from "../target.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { createHelmProgram, type ProgramPorts } from "./helm-program.ts";
import { kinds } from "./kinds.ts";
import { idLabel, runLabel } from "./labels.ts";
import type { ContainerState, JobObject, PodContainer, PodObject, PodSpec } from "./objects.ts";
import { lastLinesOf } from "./pod-words.ts";
import { newestFirst, statusOf, troubleOf } from "./pods.ts";

type JobPorts = Pick<HelmPorts, "cluster" | "place" | "exec" | "environment" | "clock" | "random">;

/** Runs a job of the release in a pod of its own, to its end, and removes it. */
export async function runReleaseJob({ name }: Install, job: JobRun, io: TargetIo, ports: JobPorts): Promise<number> {
  const container: Partial<PodContainer> = job.arguments === undefined ? {} : { args: escaped(job.arguments) };
  const made = await makeRun(name, job.id, { container, limitSeconds: job.limitSeconds }, ports);
  try {
    return await untilEnd(made, job, io, ports);
  } finally {
    await removeRun(made, ports);
  }
}

/** Kubernetes reads `$(NAME)` in arguments. */
function escaped(words: readonly string[]): readonly string[] {
  return words.map((word) => word.replaceAll("$", "$$$$"));
}

export interface RunChange {
  /** Fields of the job's container in place of those that the release gives it. */
  readonly container: Partial<PodContainer>;
  readonly limitSeconds: number;
}

/** A run of a job, by the name of its Job. */
export interface MadeRun {
  readonly job: string;
  /** The container that does the work. */
  readonly container: string;
  /** Program and arguments that the release gives it. */
  readonly words: readonly string[];
}

/**
 * Makes a Job of its own from a job of the release: the same pod, but its own container alone does the work, and no step waits for other
 * jobs or marks this one as done.
 * @throws PreflightError when the release has no such job
 */
export async function makeRun(
  install: string,
  id: string,
  change: RunChange,
  ports: Omit<JobPorts, "clock">,
): Promise<MadeRun> {
  const template = await templateOf(install, id, ports);
  const run = ports.random.uuid().slice(0, 8);
  const name = `${install}-${id}`.slice(0, 63 - run.length - 1);
  const { containers, initContainers = [], ...spec } = template.spec;
  const all = [...initContainers, ...containers];
  const own = all.find((container) => container.name === id);
  if (own === undefined) throw noSuchJob(install, id);
  const steps = initContainers.filter((step) => step.name !== id && step.name !== "after-jobs");
  const labels = { ...template.metadata?.labels, [runLabel]: run };
  await ports.cluster.create({
    ...kinds.job,
    metadata: { name: `${name}-${run}`, namespace: ports.place.namespace, labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: change.limitSeconds + waitSeconds,
      ttlSecondsAfterFinished: 600,
      template: {
        metadata: { ...template.metadata, labels },
        spec: {
          ...spec,
          ...(steps.length === 0 ? {} : { initContainers: steps }),
          containers: [{ ...own, ...change.container }],
        },
      },
    },
  });
  return { job: `${name}-${run}`, container: id, words: [...(own.command ?? []), ...(own.args ?? [])].map(unescaped) };
}

/** The chart doubles every dollar, so that Kubernetes hands it on as it is. */
function unescaped(word: string): string {
  return word.replaceAll("$$", "$");
}

/** Besides the limit of a job itself: its image is pulled, and it waits for what it needs. */
const waitSeconds = 600;

interface JobTemplate {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly [field: string]: unknown };
  readonly spec: PodSpec;
}

/** A Job that is done may be gone from the cluster; the release still says what it was. */
async function templateOf(install: string, id: string, ports: ProgramPorts): Promise<JobTemplate> {
  const manifest = await createHelmProgram(ports, install).manifest();
  if (manifest === undefined) throw noSuchJob(install, id);
  const { parseAllDocuments } = await import("yaml");
  for (const document of parseAllDocuments(manifest)) {
    const object = document.toJS() as KubeObject | null;
    if (object?.metadata.labels?.[idLabel] !== id) continue;
    if (object.kind === "Job") return (object as JobObject).spec.template as JobTemplate;
    if (object.kind === "CronJob") {
      return (object["spec"] as { readonly jobTemplate: { readonly spec: { readonly template: JobTemplate } } })
        .jobTemplate.spec.template;
    }
  }
  throw noSuchJob(install, id);
}

function noSuchJob(install: string, id: string): PreflightError {
  return new PreflightError(`the release ${install} has no job ${id}`, {
    hint: "slipway install brings the release to what the values say",
  });
}

const lookAgainMs = 500;

async function untilEnd(made: MadeRun, job: JobRun, io: TargetIo, ports: JobPorts): Promise<number> {
  const { cluster, clock, place } = ports;
  const madeAt = clock.monotonicMs();
  let begunAt: number | undefined;
  let following: Promise<void> | undefined;
  for (;;) {
    throwIfInterrupted(
      io.signal,
      `the job ${job.id} had ended; what it has done stays done, and the same command goes on`,
    );
    const pod = await podOf(made.job, ports);
    const state = pod && statusOf(pod, made.container)?.state;
    if (pod !== undefined && hasBegun(state)) {
      begunAt ??= clock.monotonicMs();
      following ??= follow({ ...place, pod: pod.metadata.name, container: made.container }, job, io, cluster);
    }
    if (state?.terminated !== undefined) {
      await following;
      return state.terminated.exitCode;
    }
    const limitMs = (begunAt === undefined ? waitSeconds : job.limitSeconds) * 1000;
    if (clock.monotonicMs() - (begunAt ?? madeAt) > limitMs) throw await late(made, job, pod, { ...ports, ...io });
    await clock.sleep(lookAgainMs, io.signal).catch(() => undefined);
  }
}

function hasBegun(state: ContainerState | undefined): boolean {
  return state?.running !== undefined || state?.terminated !== undefined;
}

async function follow(
  container: ContainerRef,
  { onLine }: JobRun,
  { signal }: TargetIo,
  cluster: Cluster,
): Promise<void> {
  if (onLine !== undefined) await cluster.followLogs(container, { tail: -1, signal, onLine });
}

async function late(
  { container }: MadeRun,
  { id, title, limitSeconds }: JobRun,
  pod: PodObject | undefined,
  listening: JobPorts & Pick<TargetIo, "redact">,
): Promise<TimeoutError> {
  const trouble = pod === undefined ? undefined : troubleOf(pod, new Set());
  return new TimeoutError(`the job ${id} (${title}) did not end within ${limitSeconds} s`, {
    hint: trouble?.remedy ?? "correct the cause and run the same command again",
    details: [
      ...(trouble === undefined ? [] : [trouble.message]),
      ...(pod === undefined ? [] : await lastLinesOf(pod, container, listening)),
    ],
  });
}

/** The pod of a run, once there is one. */
export async function podOf(
  job: string,
  { cluster, place }: Pick<JobPorts, "cluster" | "place">,
): Promise<PodObject | undefined> {
  const pods = await cluster.list(kinds.pod, { ...place, labels: `batch.kubernetes.io/job-name=${job}` });
  return newestFirst(pods as readonly PodObject[])[0];
}

export async function removeRun(
  { job }: MadeRun,
  { cluster, place }: Pick<JobPorts, "cluster" | "place">,
): Promise<void> {
  await cluster.remove({ ...kinds.job, ...place, name: job }, { propagation: "Background" });
  // The controller takes its time, and a pod that is left bears the install's name.
  const pod = await podOf(job, { cluster, place });
  if (pod !== undefined) await cluster.remove({ ...kinds.pod, ...place, name: pod.metadata.name }, { graceSeconds: 0 });
}
