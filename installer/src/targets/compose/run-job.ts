import { ApplyError, InterruptedError, TimeoutError } from "../../errors/installer-error.ts";
import type { Clock, ContainerState, Docker } from "../../platform/ports.ts";
import type { Install } from "../../execute/state/install.ts";
import { probeLabel } from "../../render/compose/labels.ts";
import type { JobRun as RenderedJob, TargetIo } from "../target.ts";
import { type ComposeCommands, createComposeCommands } from "./compose-commands.ts";
import type { ComposePorts } from "./compose-ports.ts";
import { lastLines } from "./health-watch.ts";

export interface JobPorts {
  readonly docker: Docker;
  readonly clock: Clock;
  readonly compose: ComposeCommands;
  /** Is handed the removal of a container whose job ended well; without it that is waited for. */
  readonly removing?: (removal: Promise<void>) => void;
}

export interface JobRun {
  readonly id: string;
  readonly title: string;
  readonly project: string;
  readonly limitSeconds: number;
  readonly signal: AbortSignal;
  /** Lines as they come; without it the output is only read when the job failed. */
  readonly onLine?: (line: string) => void;
  /** In place of those that its file gives it. */
  readonly arguments?: readonly string[];
}

/** Runs a job of the live tree to its end; returns its exit status. */
export async function runRenderedJob(
  { name, layout }: Install,
  job: RenderedJob,
  io: TargetIo,
  ports: ComposePorts,
): Promise<number> {
  const { docker, clock } = ports;
  const compose = createComposeCommands(ports, name, layout.live);
  return runJobForStatus({ docker, clock, compose }, { ...job, project: name, signal: io.signal }, () =>
    Promise.resolve(),
  );
}

/** Runs a job's container to its end, hands it to `inspect` while its log can still be read, and removes it. */
export async function runJobForStatus(
  ports: JobPorts,
  job: JobRun,
  inspect: (container: ContainerState, status: number) => Promise<void>,
): Promise<number> {
  const { docker, removing } = ports;
  const container = (await findJob(docker, job)) ?? (await createJob(ports, job));
  let status: number;
  try {
    await docker.start(container.id);
    status = await waitForEnd(ports, job, container);
    await inspect(container, status);
  } catch (error) {
    await docker.removeContainer(container.id);
    throw error;
  }
  const removal = docker.removeContainer(container.id);
  if (removing === undefined) await removal;
  else removing(removal);
  return status;
}

/** One that a killed run left with other arguments is another; Compose replaces it. */
async function findJob(docker: Docker, job: JobRun): Promise<ContainerState | undefined> {
  const containers = await docker.containers(job.project);
  const wanted = argumentsLabel(job);
  return containers.find(({ service, labels }) => service === job.id && labels[probeLabel] === wanted);
}

function argumentsLabel({ arguments: given }: JobRun): string | undefined {
  return given?.join(" ");
}

async function createJob(ports: JobPorts, job: JobRun): Promise<ContainerState> {
  const label = argumentsLabel(job);
  await ports.compose.create(
    [job.id],
    job.arguments === undefined || label === undefined
      ? undefined
      : { command: job.arguments, labels: { [probeLabel]: label } },
  );
  const container = await findJob(ports.docker, job);
  if (container === undefined) throw new ApplyError(`docker compose made no container for the job ${job.id}`);
  return container;
}

async function waitForEnd(ports: JobPorts, job: JobRun, container: ContainerState): Promise<number> {
  const late = new AbortController();
  const stop = new AbortController();
  const timer = ports.clock
    .sleep(job.limitSeconds * 1000, stop.signal)
    .then(() => late.abort())
    .catch(() => undefined);
  const signal = AbortSignal.any([job.signal, late.signal]);
  try {
    if (job.onLine !== undefined) {
      await ports.docker.followLogs(container.id, { tail: -1, signal, onLine: job.onLine });
    }
    return await ports.docker.wait(container.id, signal);
  } catch (error) {
    if (job.signal.aborted)
      throw new InterruptedError(
        `interrupted while the job ${job.id} ran; what it has done stays done, and the same command goes on`,
      );
    if (!late.signal.aborted) throw error;
    throw new TimeoutError(`the job ${job.id} (${job.title}) did not end within ${job.limitSeconds} s`, {
      hint: "correct the cause and run the same command again",
      details: await lastLines(ports.docker, container),
    });
  } finally {
    stop.abort();
    await timer;
  }
}
