import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkRepository } from "./check-repository.ts";
import type { CheckResult, Restic } from "./restic.ts";
import { noteStored, whileRemoving } from "./stored-backups.ts";

let root: string;
const repository = () => ({ path: join(root, "repository") });
const place = () => ({ folder: { stored: join(root, "stored") }, repository: repository() });

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-check-"));
  await mkdir(join(repository().path, "keys"), { recursive: true });
  await writeFile(join(repository().path, "config"), "one repository");
  for (const key of ["the platform's", "a person's"]) {
    await writeFile(join(repository().path, "keys", createHash("sha256").update(key).digest("hex")), key);
  }
});
afterEach(async () => rm(root, { recursive: true, force: true }));

async function check(there: readonly string[] = [], found: CheckResult = { whole: true }): Promise<readonly string[]> {
  const snapshots = there.map((id) => ({ id }));
  const restic = { check: () => Promise.resolve(found), snapshots: () => Promise.resolve(snapshots) };
  return checkRepository({ ...place(), restic: restic as unknown as Restic }, "all");
}

async function keys(): Promise<readonly [string, string]> {
  const [one = "", other = ""] = await readdir(join(repository().path, "keys"));
  return [one, other];
}

describe("a check of a repository", () => {
  it("finds nothing where all is as it was stored", async () => {
    await noteStored(place(), "aa");

    expect(await check(["aa", "another platform's"])).toEqual([]);
  });

  it("names a key that is not what was written, though another one opens the repository", async () => {
    const [, other] = await keys();
    await writeFile(join(repository().path, "keys", other), "a person'S");

    expect(await check()).toEqual([expect.stringContaining(`keys/${other}: has another content than was written`)]);
  });

  it("names a key under another name, and says that one is missing", async () => {
    const [one, other] = await keys();
    await rename(join(repository().path, "keys", one), join(repository().path, "keys/0123"));
    await rm(join(repository().path, "keys", other));

    expect(await check()).toEqual([
      expect.stringContaining("a key is missing"),
      expect.stringContaining("keys/0123: has another content"),
    ]);
  });

  it("says what restic found, too", async () => {
    expect(await check([], { whole: false, damage: ["pack aa: does not exist"] })).toEqual(["pack aa: does not exist"]);
  });

  it("misses a backup that was stored from here, and none of another directory", async () => {
    await noteStored(place(), "aa");
    await noteStored(place(), "bb");
    const missing = await check(["bb"]);
    await writeFile(join(repository().path, "config"), "another repository");

    expect(missing).toEqual(["the backup aa was stored, and is missing"]);
    expect(await check([])).toEqual([]);
  });

  it("misses none that was removed, also where the removal was cut off", async () => {
    for (const id of ["aa", "bb"]) await noteStored(place(), id);
    const removed = { kept: ["bb"], removed: ["aa"] };

    const result = await whileRemoving(place(), () => Promise.resolve(removed));
    const after = [await check(["bb"]), await check([])];
    await expect(whileRemoving(place(), () => Promise.reject(new Error("cut off")))).rejects.toThrow("cut off");

    expect(result).toBe(removed);
    expect(after).toEqual([[], ["the backup bb was stored, and is missing"]]);
    expect(await check([])).toEqual([]);
  });
});
