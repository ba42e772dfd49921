import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { leftToDo, markRestored, placeRestored } from "./place-restored.ts";

let data: string;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "slipway-data-"));
});

afterEach(() => rm(data, { recursive: true, force: true }));

async function restoreBeside(): Promise<void> {
  await mkdir(join(data, ".restoring/base/1"), { recursive: true });
  for (const name of ["PG_VERSION", "backup_label", "base/1/112"])
    await writeFile(join(data, ".restoring", name), name);
}

const placed = [".slipway-restored", "PG_VERSION", "backup_label", "base"];

it("goes from empty to restored, and is done then", async () => {
  await mkdir(join(data, "lost+found"));
  expect(await leftToDo(data, "a")).toBe("restore");
  await restoreBeside();
  expect(await leftToDo(data, "a")).toBe("restore");
  await markRestored(data, "a");
  expect(await leftToDo(data, "a")).toBe("place");
  await placeRestored(data);

  expect(await leftToDo(data, "a")).toBe("nothing");
  expect((await readdir(data)).sort()).toEqual([...placed, "lost+found"]);
  expect(await readFile(join(data, "base/1/112"), "utf8")).toBe("base/1/112");
});

it.each([[["base"]], [["base", "backup_label"]], [["base", "backup_label", ".slipway-restored"]], [placed]])(
  "goes on where it was ended after %s",
  async (moved) => {
    await restoreBeside();
    await markRestored(data, "a");
    for (const name of moved) await rename(join(data, ".restored", name), join(data, name));

    expect(await leftToDo(data, "a")).toBe("place");
    await placeRestored(data);

    expect((await readdir(data)).sort()).toEqual(placed);
  },
);

it("is refused for another backup, and left as it is where the same one was used since", async () => {
  await restoreBeside();
  await markRestored(data, "a");
  await expect(leftToDo(data, "b")).rejects.toThrow("a restore of backup a was begun in it");
  await placeRestored(data);
  await expect(leftToDo(data, "b")).rejects.toThrow(/PG_VERSION\), restored from backup a; nothing/);
  await rename(join(data, "backup_label"), join(data, "backup_label.old"));

  expect(await leftToDo(data, "a")).toBe("nothing");
  await expect(leftToDo(data, "b")).rejects.toThrow("restored from backup a");
});

it.each([
  ["file.txt", "it holds file.txt, and no restore"],
  ["base", "it holds base, and no restore"],
  [".initialising", "it holds .initialising"],
  ["PG_VERSION", "it holds a database cluster (PG_VERSION); nothing was changed"],
  [".restored", "it holds .restored without .slipway-restored"],
])("refuses a directory with %s in it", async (name, words) => {
  await mkdir(join(data, name));

  await expect(leftToDo(data, "a")).rejects.toThrow(words);
});

it("refuses what somebody else put there meanwhile, and overwrites nothing", async () => {
  await restoreBeside();
  await markRestored(data, "a");
  await writeFile(join(data, "theirs"), "");
  await expect(leftToDo(data, "a")).rejects.toThrow("it holds theirs");
  await writeFile(join(data, "backup_label"), "theirs");

  await expect(placeRestored(data)).rejects.toThrow("appeared while a backup was restored");
  expect(await readFile(join(data, "backup_label"), "utf8")).toBe("theirs");
});

it("names a mark that cannot be read", async () => {
  await mkdir(join(data, ".restored"));
  await writeFile(join(data, ".restored/.slipway-restored"), "{");

  await expect(leftToDo(data, "a")).rejects.toThrow(".slipway-restored cannot be read");
});
