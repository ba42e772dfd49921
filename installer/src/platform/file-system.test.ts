import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFileSystem } from "./file-system.ts";

const fs = createFileSystem();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-files-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("writes with the asked mode, whatever the umask, and leaves no temporary file", async () => {
  const before = process.umask(0o077);
  await fs.writeAtomic(join(folder, "a"), "text", { mode: 0o644 });
  process.umask(before);

  expect(readFileSync(join(folder, "a"), "utf8")).toBe("text");
  expect(statSync(join(folder, "a")).mode & 0o777).toBe(0o644);
  expect(readdirSync(folder)).toEqual(["a"]);
});

test("without waiting for the disk the file is the same: whole, with its mode, and no link is followed", async () => {
  writeFileSync(join(folder, "elsewhere"), "untouched");
  symlinkSync("elsewhere", join(folder, "a"));

  await fs.writeAtomic(join(folder, "a"), "text", { mode: 0o640, flush: false });

  expect(readFileSync(join(folder, "a"), "utf8")).toBe("text");
  expect(lstatSync(join(folder, "a")).isSymbolicLink()).toBe(false);
  expect(statSync(join(folder, "a")).mode & 0o777).toBe(0o640);
  expect(readFileSync(join(folder, "elsewhere"), "utf8")).toBe("untouched");
  expect(readdirSync(folder).sort()).toEqual(["a", "elsewhere"]);
});

test("what cannot take the place of a directory leaves no temporary file, waited for or not", async () => {
  mkdirSync(join(folder, "a/b"), { recursive: true });

  for (const options of [{}, { flush: false } as const]) {
    await expect(fs.writeAtomic(join(folder, "a"), "text", options)).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(["a"]);
  }
});

test("makes a directory and those above it, and leaves one that is there", async () => {
  await fs.makeDirectory(join(folder, "a/b/c"), 0o700);
  await fs.makeDirectory(join(folder, "a/b"), 0o755);

  expect(statSync(join(folder, "a/b/c")).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, "a/b")).mode & 0o777).toBe(0o755);
});

test("says at once that no directory can be made where the kernel allows none, or a file is in the way", async () => {
  writeFileSync(join(folder, "file"), "");

  await expect(fs.makeDirectory("/proc/nothing/here", 0o755)).rejects.toThrow(/ENOENT|cannot be written/);
  await expect(fs.makeDirectory(join(folder, "file"), 0o755)).rejects.toThrow();
  await expect(fs.makeDirectory(join(folder, "file/below"), 0o755)).rejects.toThrow();
  expect(statSync(join(folder, "file")).isFile()).toBe(true);
});

test("replaces a link instead of writing through it", async () => {
  writeFileSync(join(folder, "victim"), "untouched");
  symlinkSync(join(folder, "victim"), join(folder, "link"));
  await fs.writeAtomic(join(folder, "link"), "ours");

  expect(readFileSync(join(folder, "victim"), "utf8")).toBe("untouched");
  expect(lstatSync(join(folder, "link")).isSymbolicLink()).toBe(false);
});

test("does not append or change owners through a link", async () => {
  writeFileSync(join(folder, "victim"), "untouched");
  symlinkSync(join(folder, "victim"), join(folder, "link"));

  await expect(fs.appendDurable(join(folder, "link"), "line\n")).rejects.toThrow(/ELOOP/);
  await expect(fs.setOwner(join(folder, "link"), 0, 0o777)).rejects.toThrow(/ELOOP/);
  expect(readFileSync(join(folder, "victim"), "utf8")).toBe("untouched");
});

test("says in words why a file cannot be written", async () => {
  writeFileSync(join(folder, "file"), "");

  await expect(fs.makeDirectory(join(folder, "file/below"), 0o700)).rejects.toMatchObject({
    code: "APPLY_FAILED",
    message: `${join(folder, "file/below")} cannot be written: a part of the path is not a directory`,
  });
});

test("finds the directory in which others could plant files", async () => {
  mkdirSync(join(folder, "open/below"), { recursive: true });
  chmodSync(join(folder, "open"), 0o777);

  expect(await fs.foreignWritable(join(folder, "open/below/new"))).toBe(join(folder, "open"));
  chmodSync(join(folder, "open"), 0o1777);
  expect(await fs.foreignWritable(join(folder, "open/below/new"))).toBeUndefined();
  expect(await fs.foreignWritable(join(folder, "open"))).toBe(join(folder, "open"));
});
