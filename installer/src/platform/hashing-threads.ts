import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { withUsualFlags } from "./keep-memory-small.ts";

const mostThreads = 4;
/** A thread takes about 40 ms of a processor to start: this many bytes are worth one more. */
const bytesWorthThread = 16 * 1024 * 1024;

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

/** Threads for `createHashing`. Starting them takes longer than loading a command does, so they may be started before it. */
export interface HashingThreads {
  /** Starts as many as so many bytes are worth, less those that are ready. */
  expect(bytes: number): void;
  /** As many as so many bytes are worth, at most `most`: those that are ready, and new ones. Whoever takes them ends them. */
  take(bytes: number, most: number): readonly Worker[];
}

/** Starts none yet. At most `limit`: as many as there are processors, and not more than four. */
export function createHashingThreads(limit: number = Math.min(mostThreads, availableParallelism())): HashingThreads {
  const ready: Worker[] = [];
  const countFor = (bytes: number): number => Math.min(limit, Math.max(1, Math.ceil(bytes / bytesWorthThread)));
  const prepare = (): void => {
    const worker = startThread();
    // It keeps nobody waiting who then finds nothing to hash; one that fails is replaced when it is needed.
    worker.unref();
    worker.once("error", () => {
      const at = ready.indexOf(worker);
      if (at >= 0) ready.splice(at, 1);
    });
    ready.push(worker);
  };
  const takeOne = (): Worker => {
    const worker = ready.shift();
    worker?.ref();
    return worker ?? startThread();
  };
  return {
    expect: (bytes) => {
      if (bytes <= 0) return;
      for (const count = countFor(bytes); ready.length < count; ) prepare();
    },
    take: (bytes, most) => Array.from({ length: Math.min(most, countFor(bytes)) }, takeOne),
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
