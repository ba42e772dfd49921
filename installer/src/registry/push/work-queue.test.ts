import { describe, expect, it } from "vitest";
import { createWorkQueue } from "./work-queue.ts";

const plain = { rank: 1, weight: 0 };

/** Work that ends when it is told to. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe("a queue of work", () => {
  it("takes the lower rank first and the heavier of one rank", async () => {
    const queue = createWorkQueue(1, new AbortController().signal);
    const order: string[] = [];
    const { opened, open } = gate();
    const add = (name: string, rank: number, weight: number) =>
      queue.run({ rank, weight }, () => Promise.resolve(void order.push(name)));
    const all = [queue.run(plain, () => opened)];
    all.push(add("light", 2, 1), add("heavy", 2, 9), add("mount", 1, 1), add("manifest", 0, 0), add("heavy too", 2, 9));

    open();
    await Promise.all(all);

    expect(order).toEqual(["manifest", "mount", "heavy", "heavy too", "light"]);
  });

  it("refuses what waits when it is stopped, and lets end what runs", async () => {
    const stop = new AbortController();
    const queue = createWorkQueue(1, stop.signal);
    const { opened, open } = gate();
    const running = queue.run(plain, () => opened.then(() => "done"));
    const waiting = queue.run(plain, () => Promise.resolve("never"));

    stop.abort(new Error("stopped"));

    await expect(waiting).rejects.toThrow("stopped");
    await expect(queue.run(plain, () => Promise.resolve(1))).rejects.toThrow("stopped");
    open();
    await expect(running).resolves.toBe("done");
    await queue.idle();
  });

  it("goes on after work that failed", async () => {
    const queue = createWorkQueue(1, new AbortController().signal);

    const failed = queue.run(plain, () => Promise.reject(new Error("no")));
    const next = queue.run(plain, () => Promise.resolve("yes"));

    await expect(failed).rejects.toThrow("no");
    await expect(next).resolves.toBe("yes");
  });

  it("uses fewer connections in a storm of retries, never none, and more again when it is over", async () => {
    const queue = createWorkQueue(8, new AbortController().signal);
    const succeed = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n += 1) await queue.run(plain, () => Promise.resolve());
    };
    const limits: number[] = [];

    queue.strain();
    limits.push(queue.limit());
    for (let n = 0; n < 3; n += 1) queue.strain();
    limits.push(queue.limit());
    for (let n = 0; n < 40; n += 1) queue.strain();
    limits.push(queue.limit());
    await succeed(200);
    limits.push(queue.limit());

    expect(limits).toEqual([8, 4, 1, 8]);
  });

  it("is not slowed by a rare failure", async () => {
    const queue = createWorkQueue(8, new AbortController().signal);

    for (let n = 0; n < 100; n += 1) {
      if (n % 10 === 0) queue.strain();
      await queue.run(plain, () => Promise.resolve());
    }

    expect(queue.limit()).toBe(8);
  });
});
