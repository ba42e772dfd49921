import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { collectLicenses } from "./collect-licenses.ts";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "slipway-licenses-"));
});

afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

test("collects our own licence first, then that of each package once, and of no package that is not in the program", async () => {
  write("package.json", JSON.stringify({ name: "slipway", version: "1.0.0", license: "Apache-2.0" }));
  write("LICENSE", "text of ours\n");
  for (const name of ["@scope/b", "a", "unused"]) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "2.0.0", license: "MIT" }));
    write(`node_modules/${name}/LICENSE.md`, `text of ${name}\n`);
  }
  write("node_modules/a/NOTICE", "notice of a\n");

  const text = await collectLicenses(root, [
    "installer/src/cli/main.ts",
    "node_modules/a/index.js",
    "node_modules/a/other.js",
    "node_modules/@scope/b/lib/index.js",
  ]);

  expect(text.split("\n").filter((line) => /^[^-]/.test(line))).toEqual([
    "slipway 1.0.0: Apache-2.0",
    "text of ours",
    "@scope/b 2.0.0: MIT",
    "text of @scope/b",
    "a 2.0.0: MIT",
    "text of a",
    "notice of a",
  ]);
});
