import { expect, test } from "vitest";
import { secret } from "../../plan/text.ts";
import { encodeSecret, resolveText } from "./encode.ts";

const value = `a'b"c\\d $e:f@g/h?i#j!(k)*é\n`;

test("every encoding leads back to the value", () => {
  expect(encodeSecret(value, "raw")).toBe(value);
  expect(decodeURIComponent(encodeSecret(value, "url"))).toBe(value);
  expect(JSON.parse(`"${encodeSecret(value, "quoted")}"`)).toBe(value);
  expect(Buffer.from(encodeSecret(value, "base64"), "base64").toString()).toBe(value);
});

test("a URL with an encoded secret is read as it was meant", () => {
  const url = new URL(resolveText(["postgresql://me:", secret("p", { as: "url" }), "@host/db"], () => value));

  expect([url.host, decodeURIComponent(url.password), url.pathname]).toEqual(["host", value, "/db"]);
});
