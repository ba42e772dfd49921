import { expect, test } from "vitest";
import { measureCriticalPath, type Span } from "./critical-path.ts";

/** A graph in which app needs the job, the job needs store, and cache needs nothing. */
const nodes = [
  { key: "store", needs: [] },
  { key: "cache", needs: [] },
  { key: "job:prepare", needs: ["store"] },
  { key: "app", needs: ["job:prepare", "cache"] },
];

function span(id: string, beginMs: number, endMs: number): Span {
  return { id, beginMs, endMs };
}

const run = [
  span("preflight", 10, 110),
  span("create", 120, 320),
  span("store", 330, 1330),
  span("cache", 330, 900),
  span("job:prepare", 1340, 2340),
  span("app", 2350, 2850),
];

function criticalOf(spans: readonly Span[]): readonly string[] {
  const { work } = measureCriticalPath(spans, nodes, 3000);
  return work.filter(({ critical }) => critical).map(({ id }) => id);
}

test("the path leads from what ended last back over what each waited for last", () => {
  expect(criticalOf(run)).toEqual(["preflight", "create", "store", "job:prepare", "app"]);
});

test("its length is that of the work on it, without the pauses between", () => {
  expect(measureCriticalPath(run, nodes, 3000)).toMatchObject({ totalMs: 3000, criticalMs: 2800 });
});

test("each piece of work names what it waited for, when it began and how long it took", () => {
  const { work } = measureCriticalPath(run, nodes, 3000);

  expect(work[0]).toEqual({ id: "preflight", beginMs: 10, ms: 100, critical: true });
  expect(work.find(({ id }) => id === "cache")).toEqual({
    ...{ id: "cache", beginMs: 330, ms: 570 },
    ...{ after: "create", critical: false },
  });
});

test("a component that came up late for want of another puts that one on the path", () => {
  const late = [
    ...run.filter(({ id }) => id !== "cache" && id !== "app"),
    span("cache", 330, 5000),
    span("app", 5001, 5500),
  ];

  expect(criticalOf(late)).toEqual(["preflight", "create", "cache", "app"]);
});

test("a component waits for no other that it does not need, though that ended just before", () => {
  const { work } = measureCriticalPath([span("store", 0, 10), span("cache", 11, 20)], nodes, 20);

  expect(work.find(({ id }) => id === "cache")).not.toHaveProperty("after");
});

test("a step at the end waits for whatever was last", () => {
  expect(criticalOf([...run, span("verify", 2900, 3000)])).toContain("app");
});

test("nothing done is no path, and work without length is no circle", () => {
  expect(measureCriticalPath([], nodes, 7)).toEqual({ work: [], totalMs: 7, criticalMs: 0 });
  expect(criticalOf([span("preflight", 5, 5), span("create", 5, 5)])).toHaveLength(2);
});

test("what waits by itself comes after what it waits for began, which counts up to there", () => {
  const early = [
    { key: "store", needs: ["job:initialise"] },
    { key: "job:initialise", needs: [] },
    { key: "job:prepare", needs: ["store"], early: ["store"] },
  ];
  const spans = [span("job:initialise", 0, 100), span("store", 100, 900), span("job:prepare", 150, 1000)];
  const { work, criticalMs } = measureCriticalPath(spans, early, 1000);

  expect(work.map(({ after }) => after)).toEqual([undefined, "job:initialise", "store"]);
  expect(work.every(({ critical }) => critical)).toBe(true);
  expect(criticalMs).toBe(100 + 50 + 850);
});
