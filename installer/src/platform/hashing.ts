import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { ApplyError, InterruptedError } from "../errors/installer-error.ts";
import type { FileRange, Hashing, HashTask } from "./content-ports.ts";
import { withUsualFlags } from "./keep-memory-small.ts";

const mostWorkers = 4;
/** A thread takes about 40 ms of a processor to start: this many bytes are worth one more. */
const bytesWorthWorker = 16 * 1024 * 1024;
/** Small contents go to a thread together, up to this many bytes. */
const batchBytes = 4 * 1024 * 1024;

/**
 * What a thread runs, as text: the program may be TypeScript, one bundled file or part of an executable, and a thread
 * started from text needs no file in any of them.
 */
const workerSource = `
"use strict";
const { closeSync, openSync, readSync, writeSync } = require("node:fs");
const { createHash } = require("node:crypto");
const { parentPort } = require("node:worker_threads");
// Writes of a megabyte take ext4 four times as long; this also stays in the cache of the processor.
const buffer = Buffer.allocUnsafeSlow(128 * 1024);
const files = new Map();
const reportEvery = 32 * 1024 * 1024;
let unreported = 0;
function fileOf(path, flags) {
  const key = flags + path;
  let file = files.get(key);
  if (file === undefined) {
    if (files.size >= 64) { for (const open of files.values()) closeSync(open); files.clear(); }
    files.set(key, (file = openSync(path, flags)));
  }
  return file;
}
function createCopy(targets) {
  let at = 0;
  let done = 0;
  return (length) => {
    for (let from = 0; from < length; ) {
      const { path, start, end } = targets[at];
      const count = Math.min(length - from, end - start - done);
      current = path;
      if (count > 0) {
        writing = true;
        const written = writeSync(fileOf(path, "r+"), buffer, from, count, start + done);
        writing = false;
        from += written;
        done += written;
      }
      if (start + done >= end) { at += 1; done = 0; }
    }
  };
}
let current = "";
let writing = false;
function hashOf({ ranges, copyTo }) {
  const copy = copyTo === undefined ? () => undefined : createCopy(copyTo);
  const hash = createHash("sha256");
  for (const { path, start, end } of ranges) {
    for (let position = start; position < end; ) {
      current = path;
      const length = readSync(fileOf(path, "r"), buffer, 0, Math.min(buffer.length, end - position), position);
      if (length === 0) throw Object.assign(new Error("ends at " + position), { code: "TRUNCATED", position, path });
      hash.update(length === buffer.length ? buffer : buffer.subarray(0, length));
      copy(length);
      position += length;
      unreported += length;
      if (unreported >= reportEvery) { parentPort.postMessage({ bytes: unreported }); unreported = 0; }
    }
  }
  return "sha256:" + hash.digest("hex");
}
parentPort.on("message", (batch) => {
  const digests = [];
  writing = false;
  try {
    for (const task of batch) {
      current = task.ranges[0].path;
      digests.push(hashOf(task));
    }
    parentPort.postMessage({ bytes: unreported, digests });
  } catch (error) {
    parentPort.postMessage({ bytes: 0, failure: { path: error.path ?? current, code: error.code ?? "", message: error.message, writing } });
  }
  unreported = 0;
});
parentPort.postMessage({ bytes: 0 });
`;

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

/** SHA-256 in threads, as many as there are processors and at most four. */
export function createHashing(workers: number = Math.min(mostWorkers, availableParallelism())): Hashing {
  const threads = createThreads();
  return {
    expect: (bytes) => {
      if (bytes > 0) threads.prepare(Math.min(workers, countFor(bytes)));
    },
    sha256: (tasks, onBytes, signal) => hashAll({ tasks, onBytes, signal }, workers, threads),
  };
}

/** How many threads so many bytes are worth. */
function countFor(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / bytesWorthWorker));
}

/** Threads that were started before there was something to hash. */
interface Threads {
  prepare(count: number): void;
  take(): Worker;
}

function createThreads(): Threads {
  const ready: Worker[] = [];
  return {
    prepare(count) {
      while (ready.length < count) {
        const worker = startThread();
        // It keeps nobody waiting who then finds nothing to hash; one that fails is replaced when it is needed.
        worker.unref();
        worker.once("error", () => {
          const at = ready.indexOf(worker);
          if (at >= 0) ready.splice(at, 1);
        });
        ready.push(worker);
      }
    },
    take() {
      const worker = ready.shift();
      worker?.ref();
      return worker ?? startThread();
    },
  };
}

function startThread(): Worker {
  return withUsualFlags(
    () =>
      new Worker(workerSource, { eval: true, execArgv: [], env: {}, resourceLimits: { maxOldGenerationSizeMb: 32 } }),
    // With its first word everything that it needs is loaded.
    (worker) => Promise.race([once(worker, "message"), once(worker, "exit")]),
  );
}

interface Job {
  readonly tasks: readonly HashTask[];
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

async function hashAll(job: Job, most: number, threads: Threads): Promise<readonly string[]> {
  const { tasks, signal } = job;
  signal.throwIfAborted();
  if (tasks.length === 0) return [];
  const batches = batchesOf(tasks);
  const total = tasks.reduce((sum, task) => sum + sizeOf(task), 0);
  const count = Math.min(most, batches.length, countFor(total));
  const digests = new Array<string>(tasks.length);
  const workers = Array.from({ length: count }, () => threads.take());
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason instanceof Error ? signal.reason : new InterruptedError("stopped"));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    await Promise.race([Promise.all(workers.map((worker) => drain(worker, { job, batches, digests }))), aborted]);
    return digests;
  } finally {
    signal.removeEventListener("abort", stop);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
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
function batchesOf(tasks: readonly HashTask[]): (readonly number[])[] {
  const sizes = tasks.map(sizeOf);
  const order = tasks.map((_, index) => index).sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
  const batches: (readonly number[])[] = [];
  let batch: number[] = [];
  let bytes = 0;
  for (const index of order) {
    const size = sizes[index] ?? 0;
    if (batch.length > 0 && bytes + size > batchBytes) {
      batches.push(batch);
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
