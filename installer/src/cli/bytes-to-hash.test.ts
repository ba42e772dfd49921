import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bytesToHash } from "./bytes-to-hash.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-bytes-"));
  writeFileSync(join(folder, "a.tar"), Buffer.alloc(3_000_000));
  writeFileSync(join(folder, "base.tar"), Buffer.alloc(5_000_000));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("a bundle to verify is as long as its files, wherever they are named from", () => {
  expect(bytesToHash(["bundle", "verify", "a.tar", "--allow-unsigned"], folder)).toBe(3_000_000);
  expect(bytesToHash(["bundle", "verify", "a.tar", join(folder, "base.tar")], "/")).toBe(5_000_000);
});

test.each([
  ["other commands", ["bundle", "inspect", "a.tar"]],
  ["no command", []],
  ["files that are not there", ["bundle", "verify", "absent.tar", "a.tar/inside"]],
  ["names that no file can have", ["bundle", "verify", "x".repeat(5000)]],
])("nothing tells of %s", (_, argv) => {
  expect(bytesToHash(argv, folder)).toBe(0);
});
