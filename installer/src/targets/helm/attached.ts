import { Writable } from "node:stream";
import { TimeoutError } from "../../errors/installer-error.ts";
import { isRefused } from "../../platform/cluster-refusal.ts";
import type { Install } from "../../execute/state/install.ts";
import type { LiveService } from "../live-platform.ts";
import type { ConsoleRun, CopyAnswer, ProgramAnswer } from "../target.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { idLabel, ofInstall } from "./labels.ts";
import type { PodObject } from "./objects.ts";
import { newestFirst, statusOf, troubleOf } from "./pods.ts";
import { type MadeRun, makeRun, podOf, removeRun } from "./run-job.ts";

/** Runs a program in a service's pod, on this process's own input and output. */
export async function execInPod(
  service: LiveService,
  command: readonly string[],
  { cluster, place, terminal }: Pick<HelmPorts, "cluster" | "place" | "terminal">,
): Promise<number> {
  const container = { ...place, pod: service.name, container: service.component };
  return terminal.lend((streams, signal) => cluster.exec(container, command, streams, signal));
}

/** Runs a program in a service's pod without input; `lines` are those of its standard output. */
export async function askInPod(
  service: Pick<LiveService, "name" | "component">,
  command: readonly string[],
  { cluster, place }: Pick<HelmPorts, "cluster" | "place">,
): Promise<ProgramAnswer> {
  const chunks: Buffer[] = [];
  const output = sink((chunk) => chunks.push(chunk));
  const streams = { output, errors: sink(() => undefined), terminal: false };
  const container = { ...place, pod: service.name, container: service.component };
  const exitCode = await cluster.exec(container, command, streams);
  const text = Buffer.concat(chunks).toString();
  return { exitCode, lines: text === "" ? [] : text.replace(/\n$/, "").split("\n") };
}

/** As a shell says of a program that is not there. */
const notThere = 127;

/**
 * Runs a program in every pod of a component that runs and is not on its way out. One that ends meanwhile did not answer; whoever takes
 * its place is asked the next time.
 */
export async function askPods(
  install: string,
  component: string,
  command: readonly string[],
  ports: Pick<HelmPorts, "cluster" | "place">,
): Promise<readonly CopyAnswer[]> {
  const pods = (await ports.cluster.list(kinds.pod, {
    ...ports.place,
    labels: `${ofInstall(install)},${idLabel}=${component}`,
  })) as readonly PodObject[];
  const running = newestFirst(pods).filter((pod) => statusOf(pod, component)?.state?.running !== undefined);
  return Promise.all(
    running.map(async ({ metadata: { name } }) => {
      const answer = askInPod({ name, component }, command, ports).catch((error: unknown) => {
        if (isRefused(error, 403)) throw error;
        return { exitCode: notThere, lines: [] };
      });
      return { name, ...(await answer) };
    }),
  );
}

function sink(take: (chunk: Buffer) => void): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      take(chunk);
      done();
    },
  });
}

/** A person may sit in it for hours. */
const consoleSeconds = 86_400;
const startSeconds = 300;
const lookAgainMs = 300;

/** Runs a console in a pod of its own, which goes when it ends. */
export async function runConsole(
  { name }: Install,
  { job, args, input, output }: ConsoleRun,
  ports: HelmPorts,
): Promise<number> {
  // The pod's own program only waits: one that is joined after it began has lost the first of its output.
  const container = { command: ["/bin/sleep"], args: [String(consoleSeconds)] };
  const made = await makeRun(name, job, { container, limitSeconds: consoleSeconds }, ports);
  try {
    const pod = await whenRunning(made, ports);
    const words = [...made.words, ...args];
    return await ports.terminal.lend(
      (streams, signal) =>
        ports.cluster.exec({ ...ports.place, pod, container: made.container }, words, streams, signal),
      { input, output },
    );
  } finally {
    await removeRun(made, ports);
  }
}

/** Name of the pod of a run, once its container runs. */
async function whenRunning(
  { job, container }: MadeRun,
  { cluster, clock, place }: Pick<HelmPorts, "cluster" | "clock" | "place">,
): Promise<string> {
  const deadline = clock.monotonicMs() + startSeconds * 1000;
  for (;;) {
    const pod = await podOf(job, { cluster, place });
    if (pod !== undefined && statusOf(pod, container)?.state?.running !== undefined) return pod.metadata.name;
    if (clock.monotonicMs() > deadline) {
      const trouble = pod === undefined ? undefined : troubleOf(pod, new Set());
      throw new TimeoutError(`the pod of the console did not run within ${startSeconds} s`, {
        hint: trouble?.remedy ?? "kubectl describe pod says more",
        details: trouble === undefined ? [] : [trouble.message],
      });
    }
    await clock.sleep(lookAgainMs);
  }
}
