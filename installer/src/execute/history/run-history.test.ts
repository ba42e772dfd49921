import { expect, test } from "vitest";
import { createMemoryFileSystem, createStillClock } from "../../../test/support/memory-ports.ts";
import { ApplyError } from "../../errors/installer-error.ts";
import type { InstallerEvent } from "../../events/event.ts";
import { readRuns, recordRun, runsKept } from "./run-history.ts";

const layout = { history: "/state/history" };
const head = { run: "r1", command: "install", version: "1.2.3" };

function world() {
  const events: InstallerEvent[] = [];
  const abort = new AbortController();
  const fs = createMemoryFileSystem();
  const clock = createStillClock();
  const ports = { fs, clock, signal: abort.signal, report: (event: InstallerEvent) => void events.push(event) };
  return { ports, fs, clock, abort, events, runs: () => readRuns(fs, layout.history) };
}

test("a run is recorded from its begin on, and at its end with what it did and how long it took", async () => {
  const { ports, fs, clock, runs } = world();
  let meanwhile: unknown;

  await recordRun(ports, layout, head, async (tell) => {
    meanwhile = await runs();
    tell({ changed: ["recreate redis"] });
    tell({ revision: 4 });
    clock.advance(2500);
  });

  const begun = { v: 1, ...head, at: "2026-01-01T00:00:00.000Z" };
  expect(meanwhile).toEqual([{ ...begun, changed: [] }]);
  expect(await runs()).toEqual([{ ...begun, result: "complete", ms: 2500, revision: 4, changed: ["recreate redis"] }]);
  expect(fs.files.get(layout.history)?.mode).toBe(0o600);
});

test("a run that failed is recorded with its error, and without the secrets in it", async () => {
  const { ports, runs } = world();
  const redact = (text: string): string => text.replace("hunter2", "***");
  const fail = () => Promise.reject(new ApplyError("redis does not take hunter2"));

  await expect(recordRun(ports, layout, { ...head, redact }, fail)).rejects.toThrow("redis does not take hunter2");

  expect(await runs()).toMatchObject([
    { result: "failed", error: { code: "APPLY_FAILED", message: "redis does not take ***" } },
  ]);
});

test("what fails after Ctrl-C counts as interrupted", async () => {
  const { ports, abort, runs } = world();
  const stop = () => {
    abort.abort();
    return Promise.reject(new Error("connection closed"));
  };

  await expect(recordRun(ports, layout, head, stop)).rejects.toThrow("connection closed");

  const [run] = await runs();
  expect(run).toMatchObject({ result: "interrupted" });
  expect(run).not.toHaveProperty("error");
});

test("a run that changed nothing is forgotten; one that was killed is told by the next", async () => {
  const { ports, fs, runs } = world();
  const killed = JSON.stringify({ v: 1, ...head, run: "r0", at: "2025-01-01T00:00:00.000Z", changed: [] });
  await fs.writeAtomic(layout.history, `${killed}\nhalf a li`);

  await recordRun(ports, layout, head, (tell) => {
    tell({ changed: [] });
    return Promise.resolve();
  });

  expect(await runs()).toMatchObject([{ run: "r0", result: "cut-off" }]);
});

test("the newest runs are kept", async () => {
  const { ports, fs, runs } = world();
  const lines = Array.from({ length: runsKept }, (_, index) =>
    JSON.stringify({
      v: 1,
      ...head,
      run: `r${index}`,
      at: "2025-01-01T00:00:00.000Z",
      result: "complete",
      changed: [],
    }),
  );
  await fs.writeAtomic(layout.history, `${lines.join("\n")}\n`);

  await recordRun(ports, layout, { ...head, run: "new" }, () => Promise.resolve());

  const kept = await runs();
  expect(kept).toHaveLength(runsKept);
  expect([kept[0]?.run, kept.at(-1)?.run]).toEqual(["r1", "new"]);
});

test("a change that is done is not made a failure by its record", async () => {
  const { ports, events } = world();
  let writes = 0;
  const full = {
    ...ports.fs,
    writeAtomic: () => ((writes += 1) === 1 ? Promise.resolve() : Promise.reject(new Error("no space left"))),
  };

  await expect(recordRun({ ...ports, fs: full }, layout, head, () => Promise.resolve("done"))).resolves.toBe("done");

  expect(events).toMatchObject([{ type: "warning", message: expect.stringContaining("no space left") as string }]);
});
