import { describe, expect, it } from "vitest";
import { parseSize } from "./parse-size.ts";

describe("a size on the command line", () => {
  it.each([
    ["4GiB", 4 * 2 ** 30],
    ["4Gi", 4 * 2 ** 30],
    ["4G", 4e9],
    ["700MB", 700e6],
    ["12k", 12_000],
    ["1073741824", 1073741824],
  ])("%s is read as %d bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(["", "0", "-4G", "4.5G", "4X", "GiB", "999999999999999T"])("%j is refused", (text) => {
    expect(() => parseSize(text)).toThrow(/^it /);
  });
});
