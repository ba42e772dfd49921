import { expect, test } from "vitest";
import { fieldsOf, hasFields } from "./fields.ts";

test.each([[null], [undefined], [[]], ["text"], [1]])("finds no fields in %j", (value) => {
  expect(hasFields(value)).toBe(false);
  expect(fieldsOf(value)).toEqual({});
});

test("finds those of an object", () => {
  expect(hasFields({})).toBe(true);
  expect(fieldsOf({ a: 1 })).toEqual({ a: 1 });
});
