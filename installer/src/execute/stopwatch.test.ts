import { expect, test } from "vitest";
import type { InstallerEvent } from "../events/event.ts";
import { startStopwatch } from "./stopwatch.ts";

function watched(...events: readonly (readonly [ms: number, event: InstallerEvent])[]) {
  let now = 0;
  const seen: InstallerEvent[] = [];
  const stopwatch = startStopwatch({ monotonicMs: () => now }, 100, (event) => seen.push(event));
  for (const [ms, event] of events) {
    now = ms;
    stopwatch.report(event);
  }
  return { spans: stopwatch.spans(), seen };
}

function step(id: string, state: "started" | "done" | "failed"): InstallerEvent {
  return { type: "step", id, title: id, state };
}

type ItemState = Extract<InstallerEvent, { type: "item" }>["state"];

function item(id: string, state: ItemState, of = "start"): InstallerEvent {
  return { type: "item", step: of, id, state };
}

test("steps, components and jobs get their times since the command began, and events go on", () => {
  const { spans, seen } = watched(
    [110, step("files", "started")],
    [150, step("files", "done")],
    [150, step("start", "started")],
    [160, item("store", "starting")],
    [200, item("store", "healthy")],
    [201, item("prepare", "running")],
    [230, item("prepare", "done")],
    [240, step("start", "done")],
  );

  expect(spans).toEqual([
    { id: "files", beginMs: 10, endMs: 50 },
    { id: "store", beginMs: 60, endMs: 100 },
    { id: "job:prepare", beginMs: 101, endMs: 130 },
  ]);
  expect(seen).toHaveLength(8);
});

test("what was as it should be, what failed and items of other steps are no work", () => {
  const { spans } = watched(
    [110, item("store", "unchanged")],
    [120, item("old", "removed")],
    [125, item("web", "waiting")],
    [130, item("app", "starting")],
    [140, item("app", "failed")],
    [150, item("a-wire", "done", "verify")],
  );

  expect(spans).toEqual([]);
});

test("work that reports nothing is timed too, also when it fails", async () => {
  let now = 5;
  const { take, spans } = startStopwatch({ monotonicMs: () => now }, 0, () => undefined);
  const work = take("look", () => {
    now = 8;
    return Promise.reject(new Error("no"));
  });

  await expect(work).rejects.toThrow("no");
  expect(spans()).toEqual([{ id: "look", beginMs: 5, endMs: 8 }]);
});
