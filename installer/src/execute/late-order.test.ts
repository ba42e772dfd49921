import { expect, test } from "vitest";
import { infraPlan } from "../../test/support/infra-plan.ts";
import { bringUpJobs, graphOf, openGraphOf } from "./bring-up-graph.ts";
import { type GraphNode, inOrder } from "./dependency-graph.ts";
import { asLateAsCanBe } from "./late-order.ts";

const node = (key: string, ...needs: readonly string[]): GraphNode => ({ key, needs });
const needsOf = (nodes: readonly GraphNode[], key: string): readonly string[] =>
  nodes.find((found) => found.key === key)?.needs ?? [];

/** A database with a long way to go after it, and a cache that two programs use. */
const nodes = [
  node("database"),
  node("job:roles", "database"),
  node("sign-in", "job:roles"),
  node("cache"),
  node("program", "cache", "sign-in"),
  node("other", "cache"),
  node("job:last", "program"),
];

test("what has a short way to go after it waits for all that have a longer one", () => {
  const late = asLateAsCanBe(nodes, new Set(["job:roles", "sign-in", "cache", "program", "other", "job:last"]));

  expect(needsOf(late, "cache")).toEqual(["job:roles"]);
  expect([...needsOf(late, "other")].sort()).toEqual(["cache", "job:roles", "sign-in"]);
  expect(needsOf(late, "job:roles")).toEqual(["database"]);
});

test("what stays as it is neither waits nor is waited for", () => {
  const late = asLateAsCanBe(nodes, new Set(["cache", "program", "other"]));

  expect(needsOf(late, "database")).toEqual([]);
  expect(needsOf(late, "sign-in")).toEqual(["job:roles"]);
  expect(needsOf(late, "cache")).toEqual([]);
});

test("a job that nobody waits for keeps nobody waiting, and waits for what it needs alone", () => {
  const late = asLateAsCanBe(nodes, new Set(["sign-in", "program", "other", "job:last"]));

  expect(needsOf(late, "other")).toEqual(["cache", "sign-in"]);
  expect(needsOf(late, "job:last")).toEqual(["program"]);
});

test("a job that begins with its service is no step of its own, and begins with it", () => {
  const withJob = [
    ...nodes,
    node("objects"),
    { ...node("job:buckets", "objects"), early: ["objects"] },
    node("images", "job:buckets"),
  ];
  const late = asLateAsCanBe(withJob, new Set(["job:roles", "sign-in", "objects", "job:buckets", "images"]));

  expect(needsOf(late, "objects")).toEqual([]);
  expect(needsOf(late, "job:buckets")).toEqual(["objects"]);
  expect(needsOf(late, "images")).toEqual(expect.arrayContaining(["job:buckets", "job:roles", "objects"]));
});

test("no two of a real platform wait for each other, whatever is due, and what it needs stays", () => {
  const graph = graphOf(infraPlan());
  const keys = graph.map(({ key }) => key);
  for (const [first, second] of keys.map((key, index) => [keys.slice(0, index + 1), [key]])) {
    for (const due of [first, second]) {
      const late = asLateAsCanBe(graph, new Set(due));

      expect(inOrder(late)).toHaveLength(keys.length);
      for (const { key, needs } of graph) expect(needsOf(late, key)).toEqual(expect.arrayContaining([...needs]));
    }
  }
});

test("a gateway that is open waits for no job that was done before it opened, and for one that was never done", () => {
  const plan = infraPlan();
  const jobs = Object.fromEntries(bringUpJobs(plan).map(({ id }) => [id, { inputsHash: "", at: "" }]));
  const others = Object.fromEntries(Object.entries(jobs).filter(([id]) => id !== "casdoor-bootstrap"));

  expect(needsOf(openGraphOf(plan, { jobs }), "gateway")).not.toContain("job:casdoor-bootstrap");
  expect(needsOf(openGraphOf(plan, { jobs: others }), "gateway")).toContain("job:casdoor-bootstrap");
  expect(needsOf(openGraphOf(plan, { jobs }), "temporal")).toEqual(needsOf(graphOf(plan), "temporal"));
});
