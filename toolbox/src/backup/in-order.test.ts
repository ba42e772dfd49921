import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { inOrder } from "./in-order.ts";

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

it("gives results in the order of the items and runs no more than allowed", async () => {
  let running = 0;
  let most = 0;
  const work = async (n: number): Promise<number> => {
    running += 1;
    most = Math.max(most, running);
    await pause(n % 2 === 0 ? 5 : 1);
    running -= 1;
    return n * 10;
  };

  const found = await all(inOrder([0, 1, 2, 3, 4, 5, 6], { atOnce: 3, ahead: 5 }, work));

  expect(found).toEqual([0, 10, 20, 30, 40, 50, 60]);
  expect(most).toBe(3);
});

it("throws the first failure once what it aborted has ended, and begins nothing after it", async () => {
  const events: string[] = [];
  const work = async (n: number, signal: AbortSignal): Promise<number> => {
    events.push(`begin ${n}`);
    if (n === 1) throw new Error("one failed");
    await pause(10_000, undefined, { signal }).catch(() => events.push(`aborted ${n}`));
    throw new Error("a later failure");
  };

  await expect(all(inOrder([0, 1, 2, 3], { atOnce: 2, ahead: 4 }, work))).rejects.toThrow("one failed");
  expect(events).toEqual(["begin 0", "begin 1", "aborted 0"]);
});

it("ends what it has begun when the consumer stops", async () => {
  const aborted: number[] = [];
  const work = async (n: number, signal: AbortSignal): Promise<number> => {
    if (n > 0) await pause(10_000, undefined, { signal }).catch(() => aborted.push(n));
    return n;
  };

  for await (const n of inOrder([0, 1, 2], { atOnce: 3, ahead: 3 }, work)) {
    if (n === 0) break;
  }

  expect(aborted).toEqual([1, 2]);
});
