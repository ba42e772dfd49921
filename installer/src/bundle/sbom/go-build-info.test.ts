import { describe, expect, it } from "vitest";
import { goBuildInfo } from "../../../test/support/sbom-fixture.ts";
import { scanGoBuildInfo } from "./go-build-info.ts";

const modules = ["path\texample.org/tool", "mod\texample.org/tool\tv1.2.3\th1:x=", "dep\texample.org/a\tv0.1.0\th1:y="];
const expected = [
  { type: "golang", name: "stdlib", version: "1.26.8" },
  { type: "golang", name: "example.org/tool", version: "v1.2.3" },
  { type: "golang", name: "example.org/a", version: "v0.1.0" },
];

function scan(file: Buffer, chunkSize: number) {
  const scanning = scanGoBuildInfo();
  for (let at = 0; at < file.length; at += chunkSize) scanning.add(file.subarray(at, at + chunkSize));
  return scanning.found;
}

describe("scanGoBuildInfo", () => {
  it.each([1, 7, 13, 16, 100, 255, 100_000])("finds modules in chunks of %i bytes", (chunkSize) => {
    const file = Buffer.concat([Buffer.alloc(240, 1), goBuildInfo("go1.26.8", modules), Buffer.alloc(500, 2)]);

    const found = scan(file, chunkSize);

    expect(found).toEqual(expected);
  });

  it("passes over the mark where it is only text: in another place, without strings, or with another version", () => {
    const mark = Buffer.from("\xff Go buildinf:", "latin1");
    const pointers = Buffer.concat([mark, Buffer.from([8, 0]), Buffer.alloc(48)]);
    const file = Buffer.concat([
      Buffer.alloc(3),
      mark,
      Buffer.alloc(16 - 1),
      Buffer.alloc(2),
      pointers,
      goBuildInfo("C++", []),
    ]);
    const aligned = Buffer.concat([file, Buffer.alloc(16 - (file.length % 16)), goBuildInfo("go1.26.8", modules)]);

    expect(scan(file, 64)).toBeUndefined();
    expect(scan(aligned, 64)).toEqual(expected);
  });

  it("names what stands in for a module, and a module without a version", () => {
    const file = goBuildInfo("go1.26.8 X:exp", [
      "mod\texample.org/tool\t(devel)\t",
      "dep\texample.org/a\tv0.1.0\th1:y=",
      "=>\texample.org/fork\tv9.0.0\th1:z=",
    ]);

    expect(scan(file, 4096)?.slice(1)).toEqual([
      { type: "golang", name: "example.org/tool", version: "(devel)" },
      { type: "golang", name: "example.org/fork", version: "v9.0.0" },
    ]);
  });

  it("names a module by itself where a changed folder of it was compiled", () => {
    const file = goBuildInfo("go1.26.8", [
      "mod\texample.org/tool\tv1.2.3",
      "=>\t/usr/src/module\t(devel)\t",
      "dep\texample.org/a\tv0.1.0\th1:y=",
    ]);

    expect(scan(file, 4096)?.slice(1)).toEqual([
      { type: "golang", name: "example.org/tool", version: "v1.2.3" },
      { type: "golang", name: "example.org/a", version: "v0.1.0" },
    ]);
  });

  it("refuses lengths that no program has", () => {
    const file = goBuildInfo("go1.26.8", modules);
    file.fill(0xff, 32, 40);

    expect(scan(file, 4096)).toBeUndefined();
  });
});
