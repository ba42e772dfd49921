import { describe, expect, test } from "vitest";
import { describeBytes, formatQuantity, parseQuantity, quantityBytes } from "./quantity.ts";

describe("parseQuantity", () => {
  test.each([
    ["1", 1],
    ["512Mi", 536_870_912],
    ["1Gi", 1_073_741_824],
    ["2Ti", 2_199_023_255_552],
    ["3Ki", 3072],
    ["5k", 5000],
    ["5M", 5_000_000],
    ["5G", 5_000_000_000],
    ["5T", 5_000_000_000_000],
  ])("reads %s", (text, bytes) => {
    expect(parseQuantity(text)).toBe(bytes);
  });

  test.each(["", "0", "01", "1.5Gi", "512m", "1GB", "-1", " 1", "1 Gi", "1gi", "Gi", "999999999999999Ti"])(
    "does not read %j",
    (text) => {
      expect(parseQuantity(text)).toBeUndefined();
    },
  );
});

describe("quantityBytes", () => {
  test("gives the bytes of a quantity", () => {
    expect(quantityBytes("10Ki")).toBe(10_240);
  });

  test("throws on anything else", () => {
    expect(() => quantityBytes("10m")).toThrow(new RangeError('"10m" is not a quantity'));
  });
});

test.each([
  [536_870_912, "512Mi"],
  [1_073_741_824, "1Gi"],
  [2_199_023_255_552, "2Ti"],
  [1_610_612_736, "1536Mi"],
  [1000, "1000"],
  [0, "0"],
])("formatQuantity writes %d as %s", (bytes, text) => {
  expect(formatQuantity(bytes)).toBe(text);
});

test.each([
  [1_610_612_736, "1.5 GiB"],
  [1_073_741_824, "1 GiB"],
  [2048, "2 KiB"],
  [12, "12 B"],
])("describeBytes writes %d as %s", (bytes, text) => {
  expect(describeBytes(bytes)).toBe(text);
});
