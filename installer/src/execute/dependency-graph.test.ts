import { expect, test } from "vitest";
import { ApplyError, InterruptedError, TimeoutError } from "../errors/installer-error.ts";
import { inOrder, runGraph } from "./dependency-graph.ts";

const nodes = [
  { key: "web", needs: ["app"] },
  { key: "app", needs: ["job", "store", "elsewhere"] },
  { key: "job", needs: ["store"] },
  { key: "store", needs: [] },
  { key: "cache", needs: [] },
];

/** Work that ends when the test says so. */
function createGates() {
  const waiting = new Map<string, () => void>();
  return {
    running: () => [...waiting.keys()],
    wait: (key: string) => new Promise<void>((resolve) => waiting.set(key, resolve)),
    async open(key: string): Promise<void> {
      waiting.get(key)?.();
      waiting.delete(key);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test("starts each node when what it needs is through, and independent ones side by side", async () => {
  const gates = createGates();
  const seen: (readonly string[])[] = [];
  const ended = runGraph(nodes, 4, (key) => gates.wait(key));
  await new Promise((resolve) => setImmediate(resolve));
  for (const key of ["store", "job", "app", "web", "cache"]) {
    seen.push(gates.running());
    await gates.open(key);
  }
  await ended;

  expect(seen).toEqual([["store", "cache"], ["cache", "job"], ["cache", "app"], ["cache", "web"], ["cache"]]);
});

test("runs no more at once than allowed", async () => {
  const gates = createGates();
  const keys = Array.from({ length: 9 }, (_, index) => String(index));
  const seen: number[] = [];
  const ended = runGraph(
    keys.map((key) => ({ key, needs: [] })),
    3,
    (key) => gates.wait(key),
  );
  await new Promise((resolve) => setImmediate(resolve));
  for (const key of keys) {
    seen.push(gates.running().length);
    await gates.open(key);
  }
  await ended;

  expect(seen).toEqual([3, 3, 3, 3, 3, 3, 3, 2, 1]);
});

test("the first failure tells the others to stop, and nothing that needs it is begun", async () => {
  const begun: string[] = [];
  const outcome = runGraph(nodes, 4, async (key, stopped) => {
    begun.push(key);
    if (key === "store") throw new Error("store broke");
    await new Promise((resolve) => stopped.addEventListener("abort", resolve));
    throw new InterruptedError("stopped");
  });

  await expect(outcome).rejects.toThrow("store broke");
  expect(begun.sort()).toEqual(["cache", "store"]);
});

test("of failures side by side the first is thrown, and its details tell the others with theirs", async () => {
  const gates = createGates();
  const errors: Readonly<Record<string, Error>> = {
    store: new ApplyError("store does not stay up", { details: ["last lines of store:"] }),
    cache: new TimeoutError("cache was not healthy", { details: ["last lines of cache:"] }),
  };
  const outcome = runGraph(nodes, 4, async (key) => {
    await gates.wait(key);
    const error = errors[key];
    if (error !== undefined) throw error;
  });
  const thrown = expect(outcome).rejects.toMatchObject({
    code: "APPLY_FAILED",
    message: "store does not stay up",
    details: ["last lines of store:", "also failed: cache was not healthy", "last lines of cache:"],
  });
  await new Promise((resolve) => setImmediate(resolve));
  await gates.open("store");
  await gates.open("cache");

  await thrown;
});

test("a run that was interrupted says only that, and what failed on its own besides", async () => {
  const outcome = runGraph(nodes, 4, (key) =>
    Promise.reject(key === "store" ? new InterruptedError("interrupted") : new ApplyError("cache broke")),
  );

  await expect(outcome).rejects.toMatchObject({ code: "INTERRUPTED", details: ["also failed: cache broke"] });
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
