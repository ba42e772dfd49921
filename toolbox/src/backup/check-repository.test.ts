import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkRepository } from "./check-repository.ts";
import type { CheckResult, Restic } from "./restic.ts";
import { noteStored, whileRemoving } from "./stored-backups.ts";

let root: string;
let id: string;
let keys: Awaited<ReturnType<Restic["lookAtKeys"]>>;
const place = () => ({ folder: { stored: join(root, "stored") }, restic: { id: () => Promise.resolve(id) } });

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-check-"));
  [id, keys] = ["1a2b", { whole: ["k1", "k2"], damaged: [] }];
});
afterEach(async () => rm(root, { recursive: true, force: true }));

async function check(there: readonly string[] = [], found: CheckResult = { whole: true }): Promise<readonly string[]> {
  const snapshots = there.map((of) => ({ id: of })) as unknown as Awaited<ReturnType<Restic["snapshots"]>>;
  const restic = {
    ...place().restic,
    check: () => Promise.resolve(found),
    snapshots: () => Promise.resolve(snapshots),
    lookAtKeys: () => Promise.resolve(keys),
  };
  return checkRepository({ ...place(), restic }, "all");
}

describe("a check of a repository", () => {
  it("finds nothing where all is as it was stored", async () => {
    await noteStored(place(), "aa");

    expect(await check(["aa", "another platform's"])).toEqual([]);
  });

  it("names a key that is not what was written, though another one opens the repository", async () => {
    keys = { whole: ["k1", "k2"], damaged: ["k3"] };

    expect(await check()).toEqual([expect.stringContaining("keys/k3: has another content than was written")]);
  });

  it("says that a key is missing where one alone is whole", async () => {
    keys = { whole: ["k1"], damaged: [] };

    expect(await check()).toEqual([expect.stringContaining("a key is missing")]);
  });

  it("says what restic found, too", async () => {
    expect(await check([], { whole: false, damage: ["pack aa: does not exist"] })).toEqual(["pack aa: does not exist"]);
  });

  it("misses a backup that was stored from here, and none of another directory", async () => {
    await noteStored(place(), "aa");
    await noteStored(place(), "bb");
    const missing = await check(["bb"]);
    id = "3c4d";

    expect(missing).toEqual(["the backup aa was stored, and is missing"]);
    expect(await check([])).toEqual([]);
  });

  it("misses none that was removed, also where the removal was cut off", async () => {
    for (const of of ["aa", "bb"]) await noteStored(place(), of);
    const removed = { kept: ["bb"], removed: ["aa"] };

    const result = await whileRemoving(place(), () => Promise.resolve(removed));
    const after = [await check(["bb"]), await check([])];
    await expect(whileRemoving(place(), () => Promise.reject(new Error("cut off")))).rejects.toThrow("cut off");

    expect(result).toBe(removed);
    expect(after).toEqual([[], ["the backup bb was stored, and is missing"]]);
    expect(await check([])).toEqual([]);
  });
});
