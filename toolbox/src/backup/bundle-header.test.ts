import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseBundleHeader, readBundleRefs, refDifference } from "./bundle-header.ts";

const a = "a".repeat(40);
const b = "b".repeat(40);

describe("the header of a bundle", () => {
  it("lists the refs by name, without the HEAD that a bundle of everything repeats", () => {
    const header = `# v2 git bundle\n${b} refs/tags/v 1\n${a} refs/heads/main\n${a} HEAD`;

    expect(parseBundleHeader(header)).toEqual([
      { name: "refs/heads/main", target: a },
      { name: "refs/tags/v 1", target: b },
    ]);
  });

  it("may begin with capabilities in version 3", () => {
    const header = `# v3 git bundle\n@object-format=sha256\n${a} refs/heads/main`;

    expect(parseBundleHeader(header)).toEqual([{ name: "refs/heads/main", target: a }]);
  });

  it.each([
    ["<html>", "its first line is another"],
    [`# v2 git bundle\n-${a} base\n${b} refs/heads/main`, "needs objects that it does not hold"],
    ["# v2 git bundle\nrefs/heads/main", "is no ref: refs/heads/main"],
  ])("is refused when it is %j", (header, message) => {
    expect(() => parseBundleHeader(header)).toThrow(message);
  });

  it("is read from a file, however long it is", async () => {
    const folder = await mkdtemp(join(tmpdir(), "bundle-header-"));
    const refs = Array.from({ length: 5000 }, (_, n) => `${a} refs/heads/${n}\n`);
    await writeFile(join(folder, "long"), `# v2 git bundle\n${refs.join("")}\nPACK\n\n${a} refs/heads/no`);
    await writeFile(join(folder, "cut"), `# v2 git bundle\n${refs.join("")}`);

    expect(await readBundleRefs(join(folder, "long"))).toHaveLength(5000);
    await expect(readBundleRefs(join(folder, "cut"))).rejects.toThrow("it has no header");
    await rm(folder, { recursive: true });
  });
});

it.each([
  [[{ name: "x", target: a }], [{ name: "x", target: a }], undefined],
  [[{ name: "x", target: a }], [], "x is missing"],
  [[{ name: "x", target: a }], [{ name: "x", target: b }], `x is at ${b} instead of ${a}`],
  [[], [{ name: "x", target: b }], "x is there and should not be"],
])("the difference of %j to %j is %s", (wanted, found, difference) => {
  expect(refDifference(wanted, found)).toBe(difference);
});
