import { expect, test } from "vitest";
import { editDistance, suggestKey } from "./suggest-key.ts";

test.each([
  ["", "", 0],
  ["abc", "abc", 0],
  ["abc", "abd", 1],
  ["abc", "ab", 1],
  ["abc", "acb", 1],
  ["abc", "xyz", 3],
  ["domian", "domain", 1],
])("the distance of %j and %j is %d", (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
});

const known = ["domain", "postgres", "objectStore", "tls", "ports"];

test.each([
  ["domian", "domain"],
  ["postgress", "postgres"],
  ["Postgres", "postgres"],
  ["object_store", "objectStore"],
  ["object-store", "objectStore"],
  ["port", "ports"],
  ["tsl", "tls"],
])("suggests for %s %s", (given, expected) => {
  expect(suggestKey(given, known)).toBe(expected);
});

test.each(["kubernetes", "x", "x".repeat(65), ""])("suggests nothing for %j", (given) => {
  expect(suggestKey(given, known)).toBeUndefined();
});

test("suggests nothing when nothing is known", () => {
  expect(suggestKey("domain", [])).toBeUndefined();
});
