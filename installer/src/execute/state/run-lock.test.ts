import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStillClock } from "../../../test/support/memory-ports.ts";
import { createLocks } from "../../platform/flock.ts";
import { createFileSystem } from "../../platform/file-system.ts";
import { createHost } from "../../platform/host.ts";
import { stateLayout } from "./layout.ts";
import { acquireRunLock } from "./run-lock.ts";

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
  process: { pid: 4711, command: "slipway install" },
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
