import { describe, expect, it } from "vitest";
import { layOutBundle } from "./bundle-layout.ts";

const hex = (digit: string) => `blobs/sha256/${digit.repeat(64)}`;

describe("the layout of a bundle", () => {
  it("puts root document, signature and checksums first, files sorted, blobs last", () => {
    const paths = [
      hex("b"),
      "files/z.txt",
      "install.sh",
      "index.json",
      "full/checksums.txt",
      "checksums.txt",
      hex("a"),
      "files/README.txt",
      "bundle.json",
      "manifest.json",
      "full/bundle.json",
      "bundle.json.minisig",
      "oci-layout",
      "full/bundle.json.minisig",
    ];

    const { entries } = layOutBundle(paths.map((path) => ({ path, size: 1 })));

    expect(entries.map(({ path }) => path)).toEqual([
      "bundle.json",
      "bundle.json.minisig",
      "checksums.txt",
      "full/bundle.json",
      "full/bundle.json.minisig",
      "full/checksums.txt",
      "oci-layout",
      "index.json",
      "manifest.json",
      "install.sh",
      "files/README.txt",
      "files/z.txt",
      hex("a"),
      hex("b"),
    ]);
  });

  it("places entries one after the other in whole blocks, with room for the header of a large one", () => {
    const { entries, size } = layOutBundle([
      { path: "bundle.json", size: 513 },
      { path: hex("a"), size: 9 * 1024 ** 3 },
      { path: hex("b"), size: 0 },
    ]);

    const [first, large, empty] = entries;
    expect([first?.headerOffset, first?.offset]).toEqual([0, 512]);
    expect(large?.headerOffset).toBe(512 + 1024);
    expect(large?.header.length).toBeGreaterThan(512);
    expect(empty?.headerOffset).toBe((large?.offset ?? 0) + 9 * 1024 ** 3);
    expect(size).toBe((empty?.offset ?? 0) + 1024);
  });

  it("is the same for the same files in any order", () => {
    const files = [hex("c"), hex("a"), "files/x", "bundle.json"].map((path) => ({ path, size: 700 }));

    expect(layOutBundle(files.toReversed())).toEqual(layOutBundle(files));
  });
});
