import { Writable } from "node:stream";
import { TimeoutError } from "../../errors/installer-error.ts";
import type { Install } from "../../execute/state/install.ts";
import type { LiveService } from "../live-platform.ts";
import type { ConsoleRun, ProgramAnswer } from "../target.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { statusOf, troubleOf } from "./pods.ts";
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
