import { expect, it } from "vitest";
import { readColumns } from "./dataset-rows.ts";

/** A page of three values that are all there. */
function page(...values: readonly (number | string)[]): Buffer {
  const parts = values.map((value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(typeof value === "number" ? value : value.length);
    return typeof value === "number" ? bytes : Buffer.concat([bytes, Buffer.from(value)]);
  });
  return Buffer.concat([Buffer.from("header"), Buffer.from([2, 0, 0, 0, 6, 1]), ...parts]);
}

const mark = Buffer.from("PAR1");

it("reads a number and a text of each row", () => {
  const file = Buffer.concat([mark, page(1, 2, 70_000), page("one", "two", "many"), Buffer.from("footer"), mark]);

  expect(readColumns(file)).toEqual([
    [1, "one"],
    [2, "two"],
    [70_000, "many"],
  ]);
});

it("refuses what is no Parquet", () => {
  expect(() => readColumns(Buffer.from("id,word\n1,one\n"))).toThrow("No magic bytes");
});
