import { expect, test } from "vitest";
import { createQueue } from "./in-turn.ts";

test("runs one thing after the other, and gives each its own result", async () => {
  const inTurn = createQueue();
  const order: string[] = [];
  const add = (name: string) =>
    inTurn(async () => {
      order.push(`+${name}`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`-${name}`);
      return name;
    });

  const results = await Promise.all([add("a"), add("b"), add("c")]);

  expect(results).toEqual(["a", "b", "c"]);
  expect(order).toEqual(["+a", "-a", "+b", "-b", "+c", "-c"]);
});

test("what fails is told to the one who gave it, and what comes later runs", async () => {
  const inTurn = createQueue();

  const outcomes = await Promise.allSettled([
    inTurn(() => Promise.reject(new Error("first broke"))),
    inTurn(() => Promise.resolve("second ran")),
  ]);

  expect(outcomes).toEqual([
    { status: "rejected", reason: new Error("first broke") },
    { status: "fulfilled", value: "second ran" },
  ]);
});
