import { expect, it } from "vitest";
import { formatBytes, formatBytesNeeded } from "./format-bytes.ts";

it.each([
  [0, "0 B"],
  [1, "1 B"],
  [1024, "1 KiB"],
  [1.04 * 1024 ** 2, "1.1 MiB"],
  [100.2 * 1024 ** 3, "101 GiB"],
])("writes what has to be there never as less: %d", (bytes, text) => {
  expect(formatBytesNeeded(bytes)).toBe(text);
});

it("rounds a size to the nearest", () => {
  expect(formatBytes(1.04 * 1024 ** 2)).toBe("1.0 MiB");
});
