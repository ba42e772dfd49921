import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createBulkFiles } from "./bulk-files.ts";
import { createExec } from "./exec.ts";

const files = createBulkFiles();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-bulk-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("reads ranges, and fewer bytes only at the end", async () => {
  writeFileSync(join(folder, "a"), "0123456789");

  const file = await files.open(join(folder, "a"));

  expect(file?.size).toBe(10);
  expect((await file?.read(2, 3))?.toString()).toBe("234");
  expect((await file?.read(8, 30))?.toString()).toBe("89");
  expect((await file?.read(30, 3))?.length).toBe(0);
  await file?.close();
});

test("streams a range in chunks of a mebibyte, many at a time", async () => {
  const bytes = Buffer.alloc(3 * 1024 * 1024 + 17, "slipway bytes ");
  writeFileSync(join(folder, "a"), bytes);
  const file = await files.open(join(folder, "a"));
  const sizes: number[] = [];

  const [one, two] = await Promise.all([
    buffer(file!.stream(5, bytes.length).on("data", (chunk: Buffer) => sizes.push(chunk.length))),
    buffer(file!.stream(100, 200)),
  ]);

  expect(one.equals(bytes.subarray(5))).toBe(true);
  expect(two.equals(bytes.subarray(100, 200))).toBe(true);
  expect(Math.max(...sizes)).toBe(1024 * 1024);
  await file?.close();
});

test("says nothing is there where there is no file, and refuses what is none", async () => {
  mkdirSync(join(folder, "d"));
  await createExec({ PATH: process.env["PATH"] }).run("mkfifo", [join(folder, "pipe")]);

  expect(await files.open(join(folder, "missing"))).toBeUndefined();
  expect(await files.open(join(folder, "missing/further"))).toBeUndefined();
  await expect(files.open(join(folder, "d"))).rejects.toThrow("d is not a file");
  await expect(files.open(join(folder, "pipe"))).rejects.toThrow("pipe is not a file");
});

test("writes at any offset and keeps what is there when told", async () => {
  const path = join(folder, "a");
  const first = await files.create(path, { mode: 0o600 });
  await first.reserve(8);
  await first.write(4, Buffer.from("4567"));
  await first.write(0, Buffer.from("0123"));
  await first.sync();
  await first.close();

  const again = await files.create(path, { keep: true });
  await again.write(8, Buffer.from("89"));
  await again.close();

  expect(readFileSync(path, "utf8")).toBe("0123456789");
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("empties a file that is written again, whatever the umask", async () => {
  const path = join(folder, "a");
  writeFileSync(path, "old and long", { mode: 0o600 });
  const before = process.umask(0o077);

  const file = await files.create(path);
  await file.write(0, Buffer.from("new"));
  await file.close();
  process.umask(before);

  expect(readFileSync(path, "utf8")).toBe("new");
  expect(statSync(path).mode & 0o777).toBe(0o644);
});

test("does not write through a link", async () => {
  writeFileSync(join(folder, "target"), "untouched");
  symlinkSync(join(folder, "target"), join(folder, "link"));

  await expect(files.create(join(folder, "link"))).rejects.toThrow("link cannot be written: it is a symbolic link");
  expect(readFileSync(join(folder, "target"), "utf8")).toBe("untouched");
});

test("refuses at once what the disk cannot hold, with the exact number of bytes", async () => {
  const file = await files.create(join(folder, "a"));

  await expect(file.reserve(2 ** 52)).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: expect.stringMatching(/a needs 4503599627370496 bytes more, and \d+ are free there/) as string,
  });
  expect(statSync(join(folder, "a")).size).toBe(0);
  await file.close();
});

test("refuses a device", async () => {
  await expect(files.open("/dev/full")).rejects.toThrow("/dev/full is not a file");
  await expect(files.create("/dev/full")).rejects.toThrow("/dev/full is not a file");
});

test("names the directory that is missing where a file is to be made", async () => {
  await expect(files.create(join(folder, "no/such"))).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: `${join(folder, "no/such")} cannot be written: its directory does not exist`,
  });
});

test("renames over what is there", async () => {
  writeFileSync(join(folder, "a"), "new");
  writeFileSync(join(folder, "b"), "old");

  await files.rename(join(folder, "a"), join(folder, "b"));

  expect(readFileSync(join(folder, "b"), "utf8")).toBe("new");
});
