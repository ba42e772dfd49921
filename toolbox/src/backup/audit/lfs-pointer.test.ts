import { describe, expect, it } from "vitest";
import { parseLfsPointer } from "./lfs-pointer.ts";

const oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
const version = "version https://git-lfs.github.com/spec/v1";
const pointer = `${version}\noid sha256:${oid}\nsize 12345\n`;

describe("parseLfsPointer", () => {
  it("reads a pointer", () => {
    const found = parseLfsPointer(Buffer.from(pointer));

    expect(found).toEqual({ oid, size: 12_345 });
  });

  it("reads a pointer with an extension", () => {
    const found = parseLfsPointer(Buffer.from(pointer.replace("oid ", `ext-0-foo sha256:${"0".repeat(64)}\noid `)));

    expect(found).toEqual({ oid, size: 12_345 });
  });

  it.each([
    ["a page that quotes one", `A pointer is:\n${pointer}`],
    ["a pointer with a text behind it", `${pointer}\nThat was one.\n`],
    ["another version", pointer.replace("spec/v1", "spec/v2")],
    ["a hash that is too short", pointer.replace(oid, oid.slice(1))],
    ["a hash in capitals", pointer.replace(oid, oid.toUpperCase())],
    ["another hash", pointer.replace("sha256", "sha512")],
    ["no size", pointer.replace("size 12345\n", "")],
    ["a size that is no number", pointer.replace("12345", "many")],
    ["line ends of another system", pointer.replaceAll("\n", "\r\n")],
    ["a long file", pointer + " ".repeat(1024)],
    ["an empty file", ""],
  ])("takes no pointer in %s", (_, text) => {
    const found = parseLfsPointer(Buffer.from(text));

    expect(found).toBeUndefined();
  });
});
