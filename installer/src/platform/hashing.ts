import type { Worker } from "node:worker_threads";
import { ApplyError, InterruptedError } from "../errors/installer-error.ts";
import type { FileRange, Hashing, HashTask } from "./content-ports.ts";
import { createHashingThreads, type HashingThreads } from "./hashing-threads.ts";

/** Small contents go to a thread together, up to this many bytes: each batch costs a question and an answer. */
const largestBatch = 4 * 1024 * 1024;
const smallestBatch = 256 * 1024;
/** Towards the end batches get smaller, so that no thread still has much to do when the others have nothing. */
const batchesLeftForEach = 4;

interface ThreadTask {
  readonly ranges: readonly FileRange[];
  readonly copyTo: readonly FileRange[] | undefined;
}

interface Answer {
  readonly bytes: number;
  readonly digests?: readonly string[];
  readonly failure?: {
    readonly path: string;
    readonly code: string;
    readonly message: string;
    readonly writing: boolean;
  };
}

/** SHA-256 in threads. */
export function createHashing(threads: HashingThreads = createHashingThreads()): Hashing {
  return {
    expect: (bytes) => threads.expect(bytes),
    sha256: (tasks, onBytes, signal) => hashAll({ tasks, onBytes, signal }, threads),
  };
}

interface Job {
  readonly tasks: readonly HashTask[];
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

async function hashAll(job: Job, threads: HashingThreads): Promise<readonly string[]> {
  const { tasks, signal } = job;
  signal.throwIfAborted();
  if (tasks.length === 0) return [];
  const total = tasks.reduce((sum, task) => sum + sizeOf(task), 0);
  const workers = threads.take(total, tasks.length);
  const batches = batchesOf(tasks, workers.length);
  const digests = new Array<string>(tasks.length);
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason instanceof Error ? signal.reason : new InterruptedError("stopped"));
    signal.addEventListener("abort", stop, { once: true });
  });
  const end = (): Promise<unknown> => Promise.all(workers.map((worker) => worker.terminate()));
  try {
    await Promise.race([Promise.all(workers.map((worker) => drain(worker, { job, batches, digests }))), aborted]);
  } catch (error) {
    // Before the caller tidies up, nobody reads or writes any more.
    await end();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
  // They have nothing left to do: the caller goes on beside their end.
  void end();
  return digests;
}

/** Gives a thread one batch after the other until there are none. */
async function drain(
  worker: Worker,
  work: { readonly job: Job; readonly batches: (readonly number[])[]; readonly digests: string[] },
): Promise<void> {
  for (let batch = work.batches.shift(); batch !== undefined; batch = work.batches.shift()) {
    const tasks = batch.map((index) => ({
      ranges: rangesOf(work.job.tasks[index]),
      copyTo: work.job.tasks[index]?.copyTo,
    }));
    const found = await answerOf(worker, tasks, work.job.onBytes);
    for (const [at, index] of batch.entries()) work.digests[index] = found[at] ?? "";
  }
}

function answerOf(
  worker: Worker,
  tasks: readonly ThreadTask[],
  onBytes: (bytes: number) => void,
): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const finish = (end: () => void): void => {
      worker.off("message", onMessage);
      worker.off("error", onError);
      end();
    };
    const onError = (error: unknown): void =>
      finish(() => reject(error instanceof Error ? error : new Error(String(error))));
    const onMessage = (answer: Answer): void => {
      if (answer.bytes > 0) onBytes(answer.bytes);
      const { digests, failure } = answer;
      if (digests !== undefined) finish(() => resolve(digests));
      if (failure !== undefined) finish(() => reject(toError(failure)));
    };
    worker.on("message", onMessage);
    worker.on("error", onError);
    worker.postMessage(tasks);
  });
}

function toError({ path, code, message, writing }: NonNullable<Answer["failure"]>): Error {
  const why: Readonly<Record<string, string>> = {
    EIO: "the disk or medium reports an error",
    ENOENT: "it is not there any more",
    ENOSPC: "the disk is full",
    EDQUOT: "the quota of this user is used up",
    EACCES: "permission denied",
    TRUNCATED: `it ${message}, it was longer before`,
  };
  const full = code === "ENOSPC" || code === "EDQUOT";
  return new ApplyError(`${path} cannot be ${writing ? "written" : "read"}: ${why[code] ?? message}`, {
    hint: full
      ? "make room, then run the same command again"
      : writing
        ? "use another disk or medium, then run the same command again"
        : "copy it again from where it came, or use another medium",
  });
}

/** Largest first, so that one large content does not begin when all others are done; small ones together. */
function batchesOf(tasks: readonly HashTask[], threads: number): (readonly number[])[] {
  const sizes = tasks.map(sizeOf);
  const order = tasks.map((_, index) => index).sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
  const batches: (readonly number[])[] = [];
  let left = sizes.reduce((sum, size) => sum + size, 0);
  let batch: number[] = [];
  let bytes = 0;
  for (const index of order) {
    const size = sizes[index] ?? 0;
    const limit = Math.min(largestBatch, Math.max(smallestBatch, left / (threads * batchesLeftForEach)));
    if (batch.length > 0 && bytes + size > limit) {
      batches.push(batch);
      left -= bytes;
      batch = [];
      bytes = 0;
    }
    batch.push(index);
    bytes += size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

function rangesOf(task: HashTask | undefined): readonly FileRange[] {
  if (task === undefined) return [];
  const { path, start, end, then = [] } = task;
  return [{ path, start, end }, ...then];
}

function sizeOf(task: HashTask): number {
  return rangesOf(task).reduce((sum, { start, end }) => sum + end - start, 0);
}
