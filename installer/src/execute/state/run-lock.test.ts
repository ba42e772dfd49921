import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createStillClock } from "../../../test/support/memory-ports.ts";
import type { Report } from "../../events/event.ts";
import { createLocks } from "../../platform/flock.ts";
import { createFileSystem } from "../../platform/file-system.ts";
import { createHost } from "../../platform/host.ts";
import { stateLayout } from "./layout.ts";
import { acquireRunLock } from "./run-lock.ts";
import type { SharedRecords } from "./shared-records.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-lock-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const ports = {
  fs: createFileSystem(),
  locks: createLocks(),
  host: createHost(),
  clock: createStillClock(),
  process: { pid: 4711, owner: "anna@laptop", command: "slipway install" },
  report: () => undefined,
  target: {},
};

test("the second is told who holds the lock, and gets it after the first let go", async () => {
  const path = join(folder, "run.lock");
  const release = await acquireRunLock(ports, stateLayout(folder), "run-1");

  await expect(acquireRunLock(ports, stateLayout(folder), "run-2")).rejects.toMatchObject({
    code: "LOCKED",
    message: 'another run is at work: process 4711, since 2026-01-01T00:00:00.000Z, command "slipway install"',
  });
  await release();
  await (await acquireRunLock(ports, stateLayout(folder), "run-3"))();
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ run: "run-3", bootId: await ports.host.bootId() });
});

test("what a dead run wrote into the file is no lock", async () => {
  const path = join(folder, "run.lock");
  writeFileSync(path, JSON.stringify({ pid: process.pid, run: "dead" }));

  await expect(acquireRunLock(ports, stateLayout(folder), "run-1")).resolves.toBeTypeOf("function");
});

test("a lock on a file that was replaced does not count", async () => {
  const path = join(folder, "run.lock");
  const first = await acquireRunLock(ports, stateLayout(folder), "run-1");
  renameSync(path, `${path}.old`);
  const second = await acquireRunLock(ports, stateLayout(folder), "run-2");

  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ run: "run-2" });
  await Promise.all([first(), second()]);
});

test("who gets the lock clears away what a killed run left half-written, and nothing else", async () => {
  for (const name of ["secrets", "revisions"]) mkdirSync(join(folder, name));
  const root = [".applied.json.0123456789ab.tmp", ".applied.json.tmp", ".mine.0123456789ab.tmp", "format"];
  for (const name of root) writeFileSync(join(folder, name), "");
  for (const name of [".redis.0123456789ab.tmp", "redis"]) writeFileSync(join(folder, "secrets", name), "");
  for (const name of [".3.json.0123456789ab.tmp", "2.json"]) writeFileSync(join(folder, "revisions", name), "");

  await (await acquireRunLock(ports, stateLayout(folder), "run"))();

  expect(readdirSync(folder).sort()).toEqual([...root.slice(1), "run.lock", "secrets", "revisions"].sort());
  expect(readdirSync(join(folder, "secrets"))).toEqual(["redis"]);
  expect(readdirSync(join(folder, "revisions"))).toEqual(["2.json"]);
});

test("files in a directory that is no state of ours stay", async () => {
  mkdirSync(join(folder, "secrets"));
  writeFileSync(join(folder, "secrets/.redis.0123456789ab.tmp"), "");

  await (await acquireRunLock(ports, stateLayout(folder), "run"))();

  expect(readdirSync(join(folder, "secrets"))).toEqual([".redis.0123456789ab.tmp"]);
});

describe("records that are shared between machines", () => {
  /** Says what is done to them, in order; each step may fail. */
  function share(failing: string, done: string[]): SharedRecords {
    const step = (name: string): Promise<void> => {
      done.push(name);
      return name === failing ? Promise.reject(new Error(`${name} failed`)) : Promise.resolve();
    };
    return {
      place: "namespace a of the context b",
      lost: new AbortController().signal,
      lock: async (_holder, previous) => {
        await step(previous === undefined ? "lock" : `lock after ${previous.run}`);
        return { release: () => step("release") };
      },
      news: async () => {
        await step("look");
        return () => step("take");
      },
      push: () => step("push"),
      remove: () => step("remove"),
    };
  }

  async function lockWith(failing: string) {
    const done: string[] = [];
    const warnings: string[] = [];
    const report: Report = (event) => {
      if (event.type === "warning") warnings.push(event.message);
    };
    const target = { records: share(failing, done) };
    const locked = acquireRunLock({ ...ports, target, report }, stateLayout(folder), "run-1");
    const failure = await locked.then((release) => release()).catch((error: unknown) => (error as Error).message);
    // Whatever happened, the directory is free again.
    await (await acquireRunLock(ports, stateLayout(folder), "run-2"))();
    return { done, warnings, failure };
  }

  test("are locked, taken before the run and put back after it", async () => {
    const { done, failure } = await lockWith("nothing");
    const again = await lockWith("nothing");

    expect([failure, done]).toEqual([undefined, ["lock", "look", "take", "push", "release"]]);
    // What a lock of this directory's last run is worth, only its next run can tell.
    expect(again.done[0]).toBe("lock after run-2");
  });

  test.each(["lock", "look", "take"])("let no run begin when the step %s fails", async (failing) => {
    const { done, failure } = await lockWith(failing);

    expect(failure).toBe(`${failing} failed`);
    expect(done).not.toContain("push");
    expect(done.includes("release")).toBe(failing !== "lock");
  });

  test.each(["push", "release"])("leave the result of a run as it is when the step %s fails", async (failing) => {
    const { warnings, failure, done } = await lockWith(failing);

    expect(failure).toBeUndefined();
    expect(done).toContain("release");
    expect(warnings).toEqual([expect.stringContaining(`namespace a of the context b`)]);
  });
});
