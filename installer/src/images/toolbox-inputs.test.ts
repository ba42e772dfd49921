import { describe, expect, test } from "vitest";
import { importedPackages, lockedVersions } from "./toolbox-inputs.ts";

describe("importedPackages", () => {
  test("finds packages in every form of import, without Node's own, relative and type-only ones", () => {
    const source = [
      'import pg from "pg";',
      'import { a,\n  b } from "@scope/name/sub/path";',
      'import type { T } from "only-types";',
      'import { x } from "./local.ts";',
      'import { readFile } from "node:fs/promises";',
      'import "side-effect";',
      'export { y } from "exported";',
      'const late = await import("dynamic");',
    ].join("\n");

    expect(importedPackages([source])).toEqual(["@scope/name", "dynamic", "exported", "pg", "side-effect"]);
  });
});

describe("lockedVersions", () => {
  const packages = {
    "node_modules/a": { version: "1.0.0", dependencies: { b: "*" }, optionalDependencies: { missing: "*" } },
    "node_modules/b": { version: "1.0.0" },
    "node_modules/a/node_modules/b": { version: "2.0.0", dependencies: { c: "*" } },
    "node_modules/c": { version: "3.0.0", dependencies: { a: "*" } },
    "node_modules/unrelated": { version: "9.0.0" },
    "node_modules/esbuild": { version: "0.1.0", optionalDependencies: { unrelated: "*" } },
  };

  test("follows dependencies to the copy that is nearest, through circles, and takes nothing else", () => {
    expect(lockedVersions(packages, ["a", "esbuild"])).toEqual([
      "node_modules/a 1.0.0",
      "node_modules/a/node_modules/b 2.0.0",
      "node_modules/c 3.0.0",
      "node_modules/esbuild 0.1.0",
    ]);
  });
});
