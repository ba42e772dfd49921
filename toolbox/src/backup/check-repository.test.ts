import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ToolboxError } from "../errors.ts";
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

type Snapshots = Awaited<ReturnType<Restic["snapshots"]>>;

function row(of: string, tags: readonly string[] = []): Snapshots[number] {
  return { id: of, time: "2026-11-30T12:00:00Z", host: "hub", folder: "/cut", summary: undefined, tags };
}

async function checkAll(
  snapshots: () => Promise<Snapshots>,
  found: CheckResult = { whole: true },
): ReturnType<typeof checkRepository> {
  const restic = {
    ...place().restic,
    check: () => Promise.resolve(found),
    snapshots,
    lookAtKeys: () => Promise.resolve(keys),
  };
  return checkRepository({ ...place(), restic, name: "hub" }, "all");
}

async function check(there: readonly string[] = [], found?: CheckResult): Promise<readonly string[]> {
  return (await checkAll(() => Promise.resolve(there.map((of) => row(of))), found)).problems;
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

  describe("of the write-ahead log", () => {
    const server = "server:7350000000000000001/1";
    const wal = (through: string, segment: number): Snapshots[number] =>
      row(through, [
        ...["wal-of:hub", "line:l1", "since:2026-11-30T11:00:00Z", server, `through:2026-11-30T${through}:00Z`],
        ...[`upto:0/${segment + 1}000010`, `whole:${segment}-${segment}`, `part:${segment + 1}`],
      ]);
    const backup = row("a".repeat(64), ["of:hub", "cut:2026-11-30T12:00:00Z", server, "stop:0/5000100"]);
    const damaged = { whole: false, damage: ["snapshot 7 is damaged"] } as const;

    it("tells of a hole, which is no damage of backups", async () => {
      const { problems, gaps } = await checkAll(() => Promise.resolve([backup, wal("12:02", 5), wal("12:06", 7)]));

      expect(problems).toEqual([]);
      expect(gaps).toEqual([expect.stringMatching(/after 2026-11-30T12:02:00Z no moment .* the backup aaaaaaaa /)]);
    });

    it("tells of the hole that a damaged snapshot leaves, too", async () => {
      const { problems, gaps } = await checkAll(() => Promise.resolve([backup, wal("12:06", 7)]), damaged);

      expect(problems).toEqual(damaged.damage);
      expect(gaps).toEqual([expect.stringContaining("after 2026-11-30T12:00:00Z no moment")]);
    });

    it("says what is damaged also where nothing can be listed for it", async () => {
      const unlisted = () => Promise.reject(new ToolboxError("the repository is damaged"));

      expect(await checkAll(unlisted, damaged)).toEqual({ problems: damaged.damage, gaps: [] });
    });
  });
});
