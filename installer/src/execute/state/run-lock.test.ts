import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStillClock } from "../../../test/support/memory-ports.ts";
import { createLocks } from "../../platform/flock.ts";
import { createHost } from "../../platform/host.ts";
import { acquireRunLock } from "./run-lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-lock-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const ports = {
  locks: createLocks(),
  host: createHost(),
  clock: createStillClock(),
  process: { pid: 4711, command: "slipway install" },
};

test("the second is told who holds the lock, and gets it after the first let go", async () => {
  const path = join(folder, "run.lock");
  const release = await acquireRunLock(ports, path, "run-1");

  await expect(acquireRunLock(ports, path, "run-2")).rejects.toMatchObject({
    code: "LOCKED",
    message: 'another run is at work: process 4711, since 2026-01-01T00:00:00.000Z, command "slipway install"',
  });
  await release();
  await (await acquireRunLock(ports, path, "run-3"))();
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ run: "run-3", bootId: await ports.host.bootId() });
});

test("what a dead run wrote into the file is no lock", async () => {
  const path = join(folder, "run.lock");
  writeFileSync(path, JSON.stringify({ pid: process.pid, run: "dead" }));

  await expect(acquireRunLock(ports, path, "run-1")).resolves.toBeTypeOf("function");
});

test("a lock on a file that was replaced does not count", async () => {
  const path = join(folder, "run.lock");
  const first = await acquireRunLock(ports, path, "run-1");
  renameSync(path, `${path}.old`);
  const second = await acquireRunLock(ports, path, "run-2");

  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ run: "run-2" });
  await Promise.all([first(), second()]);
});
