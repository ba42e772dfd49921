import { describe, expect, it } from "vitest";
import { findings } from "./testing/findings.ts";

const gib = 1024 ** 3;
const status = { components: [], foreign: [], full: [] };
const store = (freeBytes: number, sizeBytes: number) => ({ place: "volume", ours: true, freeBytes, sizeBytes });

describe("the disks of the stores", () => {
  it("that are nearly full are told, each once", async () => {
    const stores = new Map([
      ["a/data", store(3 * gib, 100 * gib)],
      ["b/data", store(3 * gib, 100 * gib)],
      ["c/data", store(19 * gib, 4000 * gib)],
      ["d/data", store(50 * gib, 100 * gib)],
    ]);

    expect(await findings("live.disk-space", { status, live: { stores } })).toMatchObject([
      { severity: "warning", message: "the disk that a/data is on has 3 GiB of 100 GiB free" },
      { severity: "warning", message: expect.stringContaining("c/data") as string },
    ]);
  });

  it("that are full are a failure", async () => {
    const full = [{ store: "a/data", place: "volume", freeBytes: 1024 }];

    expect(await findings("live.disk-space", { status: { ...status, full } })).toMatchObject([
      { severity: "failure", message: expect.stringContaining("the disk of a/data is full") as string },
    ]);
  });

  it("with room, and those that are not seen or not ours, are passed over", async () => {
    const stores = new Map<string, object>([
      ["a/data", store(300 * gib, 4000 * gib)],
      ["b/data", { place: "volume", ours: true }],
      ["c/data", { ...store(gib, 100 * gib), ours: false }],
    ]);

    expect(await findings("live.disk-space", { status, live: { stores } })).toEqual([]);
  });
});
