import { describe, expect, it } from "vitest";
import { batchReader } from "./batch-reader.ts";

const output = `${"a".repeat(40)} blob 5\none\n2\n${"b".repeat(40)} blob 0\n\n${"c".repeat(40)} blob 1\nx\n`;

describe("batchReader", () => {
  it.each([1, 3, 44, 1000])("gives each content, whatever comes in %i bytes at a time", (length) => {
    const found: string[] = [];
    const read = batchReader((content) => void found.push(content.toString()));

    for (let at = 0; at < output.length; at += length) read(Buffer.from(output.slice(at, at + length)));

    expect(found).toEqual(["one\n2", "", "x"]);
  });

  it("refuses what is no object", () => {
    const read = batchReader(() => undefined);

    expect(() => read(Buffer.from(`${"a".repeat(40)} missing\n`))).toThrow("git gave no object");
  });
});
