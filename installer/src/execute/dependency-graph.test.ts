import { expect, test } from "vitest";
import { inOrder, runGraph } from "./dependency-graph.ts";

const nodes = [
  { key: "web", needs: ["app"] },
  { key: "app", needs: ["job", "store", "elsewhere"] },
  { key: "job", needs: ["store"] },
  { key: "store", needs: [] },
  { key: "cache", needs: [] },
];

test("starts each node when what it needs is through, and independent ones side by side", async () => {
  const log: string[] = [];
  await runGraph(nodes, 4, async (key) => {
    log.push(`+${key}`);
    await new Promise((resolve) => setTimeout(resolve, key === "cache" ? 40 : 5));
    log.push(`-${key}`);
  });

  expect(log.slice(0, 2).sort()).toEqual(["+cache", "+store"]);
  expect(log.filter((entry) => !entry.endsWith("cache"))).toEqual([
    "+store",
    "-store",
    "+job",
    "-job",
    "+app",
    "-app",
    "+web",
    "-web",
  ]);
});

test("runs no more at once than allowed", async () => {
  let running = 0;
  let most = 0;
  const many = Array.from({ length: 9 }, (_, index) => ({ key: String(index), needs: [] }));
  await runGraph(many, 3, async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running -= 1;
  });

  expect(most).toBe(3);
});

test("the first failure tells the others to stop, and nothing that needs it is begun", async () => {
  const begun: string[] = [];
  const outcome = runGraph(nodes, 4, async (key, stopped) => {
    begun.push(key);
    if (key === "store") throw new Error("store broke");
    await new Promise((resolve) => stopped.addEventListener("abort", resolve));
    throw new Error("stopped");
  });

  await expect(outcome).rejects.toThrow("store broke");
  expect(begun.sort()).toEqual(["cache", "store"]);
});

test("an order puts needs first, and a circle is refused by name", () => {
  const order = inOrder(nodes);

  expect(order.indexOf("store")).toBeLessThan(order.indexOf("job"));
  expect(order.indexOf("app")).toBeLessThan(order.indexOf("web"));
  expect(() =>
    inOrder([
      { key: "a", needs: ["b"] },
      { key: "b", needs: ["a"] },
    ]),
  ).toThrow("these wait for each other: a -> b -> a");
});
