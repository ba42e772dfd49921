import { expect, test } from "vitest";
import { compareKeys, compareText } from "./compare-text.ts";

test("sorts by code unit: capitals first, and never by a language", () => {
  expect(["ä", "b", "a", "B", "a"].toSorted(compareText)).toEqual(["B", "a", "a", "b", "ä"]);
});

test("sorts entries by key and leaves equal keys in their order", () => {
  const entries: readonly (readonly [string, number])[] = [
    ["b", 1],
    ["a", 2],
    ["b", 0],
  ];

  expect(entries.toSorted(compareKeys)).toEqual([
    ["a", 2],
    ["b", 1],
    ["b", 0],
  ]);
});
