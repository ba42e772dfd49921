import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { damageOf, receiveFile, refuseDamage, writeWhole } from "./folder-files.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "folder-files-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

it("leaves the old file, and nothing beside it, when what arrives breaks off", async () => {
  const path = join(folder, "sub", "file");
  await writeWhole(path, "old");
  const parts = function* (): Generator<Uint8Array> {
    yield Buffer.from("ne");
    throw new Error("broken off");
  };

  await expect(receiveFile(path, parts())).rejects.toThrow("broken off");

  expect(await readFile(path, "utf8")).toBe("old");
  expect(await readdir(join(folder, "sub"))).toEqual(["file"]);
});

it("says what is wrong with a file", async () => {
  const path = join(folder, "checked");
  const sum = await writeWhole(path, "content");

  expect(await damageOf(path, sum)).toBeUndefined();
  await writeFile(path, "Content");
  expect(await damageOf(path, sum)).toBe("has another content than was written");
  await writeFile(path, "more content");
  expect(await damageOf(path, sum)).toBe("has 12 bytes instead of 7");
  await rm(path);
  expect(await damageOf(path, sum)).toBe("is missing");
});

it("names the first damages and counts the rest", () => {
  const damages = Array.from({ length: 12 }, (_, n) => `file ${n} is missing`);

  expect(() => {
    refuseDamage("the things", damages);
  }).toThrow(/^the copy of the things is damaged, nothing was changed: file 0 is missing; .*; and 2 more$/);
  expect(() => {
    refuseDamage("the things", []);
  }).not.toThrow();
});
