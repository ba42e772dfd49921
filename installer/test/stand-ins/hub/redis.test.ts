import { describe, expect, it } from "vitest";
import { whileLocked } from "./redis.ts";

/** The lock as Redis keeps it: one holder, until it is gone. */
function fakeRedis() {
  const held = new Map<string, string>();
  const client = {
    set: (name: string, holder: string) => {
      if (held.has(name)) return Promise.resolve(null);
      held.set(name, holder);
      return Promise.resolve("OK");
    },
    eval: (
      _script: string,
      { keys, arguments: [holder] }: { keys: readonly string[]; arguments: readonly string[] },
    ) => {
      const [name = ""] = keys;
      return Promise.resolve(held.get(name) === holder && held.delete(name) ? 1 : 0);
    },
  };
  return { held, client: client as unknown as Parameters<typeof whileLocked>[0] };
}

describe("a migration's lock", () => {
  it("is given back after the work, also when that fails", async () => {
    const { held, client } = fakeRedis();

    expect(await whileLocked(client, "migration", () => Promise.resolve("done"))).toBe("done");
    await expect(whileLocked(client, "migration", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(held.size).toBe(0);
  });

  it("fails when it is over before the work is, which is done all the same", async () => {
    const { held, client } = fakeRedis();
    let worked = false;
    const work = (): Promise<void> => {
      held.clear();
      worked = true;
      return Promise.resolve();
    };

    await expect(whileLocked(client, "migration", work)).rejects.toThrow("releasing lock: resource is not locked");
    expect(worked).toBe(true);
  });

  it("is refused to a second", async () => {
    const { client } = fakeRedis();
    const second = whileLocked(client, "migration", () => whileLocked(client, "migration", () => Promise.resolve()));

    await expect(second).rejects.toThrow("acquiring lock: resource is already locked");
  });
});
