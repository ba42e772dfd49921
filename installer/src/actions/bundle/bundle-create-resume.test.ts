import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createBundle } from "./bundle-create.ts";
import type { ActionPorts } from "../context.ts";
import {
  folder,
  ownImages,
  layout,
  testPorts,
  requestFor,
  create,
  bytesOf,
  inFreshFolder,
} from "./testing/created-bundles.ts";

inFreshFolder();

describe("a run that goes on after an interruption", () => {
  class PowerCut extends Error {}

  function dyingAt(count: number): ActionPorts["failpoint"] {
    let passed = 0;
    return (name) => {
      if (name === "bundle.blob" && ++passed === count) throw new PowerCut();
    };
  }

  it.each([undefined, 100_000])(
    "keeps what was written and ends with the same bytes (parts of %s)",
    async (partSize) => {
      layout("l");
      const split = partSize === undefined ? {} : { partSize };
      await expect(createBundle(requestFor("b.tar", "l", split), testPorts(dyingAt(6)))).rejects.toThrow(PowerCut);
      expect(existsSync(join(folder, "b.tar.partial.journal"))).toBe(true);

      const result = await create("b.tar", "l", split);
      await create("whole.tar", "l");

      const files = result.files.filter((path) => !path.includes("split.json")).toSorted();
      expect(result.resumedBytes).toBeGreaterThan(0);
      expect(Buffer.concat(files.map((path) => readFileSync(path))).equals(bytesOf("whole.tar"))).toBe(true);
      expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
    },
  );

  it("writes again what is damaged in the unfinished file", async () => {
    layout("l");
    await expect(createBundle(requestFor("b.tar", "l"), testPorts(dyingAt(6)))).rejects.toThrow(PowerCut);
    const partial = join(folder, "b.tar.partial");
    const bytes = readFileSync(partial);
    writeFileSync(partial, bytes.fill(7, bytes.length >> 2));

    await create("b.tar", "l");
    await create("whole.tar", "l");

    expect(bytesOf("b.tar").equals(bytesOf("whole.tar"))).toBe(true);
  });

  it("starts again when something else is to be written", async () => {
    layout("l");
    layout("other", ownImages({ nats: { layers: ["shared:30000", "another:70000"] } }));
    await expect(createBundle(requestFor("b.tar", "l"), testPorts(dyingAt(6)))).rejects.toThrow(PowerCut);

    const result = await create("b.tar", "other");
    await create("whole.tar", "other");

    expect(result.resumedBytes).toBe(0);
    expect(bytesOf("b.tar").equals(bytesOf("whole.tar"))).toBe(true);
  });
});

describe("two runs at once", () => {
  it("the second is told who writes the bundle, and leaves nothing", async () => {
    layout("l");
    const ports = testPorts();
    const holder = { pid: 4711, bootId: "b", startedAt: "2026-01-01T00:00:00Z", command: "slipway", run: "r" };
    const held = await ports.locks.tryAcquire(join(folder, "b.tar.partial.lock"), holder);

    await expect(create("b.tar", "l")).rejects.toMatchObject({
      code: "LOCKED",
      message: expect.stringContaining("process 4711") as string,
    });
    if (held.held) await held.release();
    await create("b.tar", "l");

    expect(readdirSync(folder).filter((name) => name.startsWith("b.tar"))).toEqual(["b.tar"]);
  });
});
