import { expect, test } from "vitest";
import { createRedactor } from "./redactor.ts";

const secret = 'pa$s "wörd"\\/+&= 9';
const key = `-----BEGIN PRIVATE KEY-----\n${"A".repeat(64)}\n${"b".repeat(48)}\n-----END PRIVATE KEY-----\n`;
const redact = createRedactor(
  new Map([
    ["db", secret],
    ["key", key],
    ["short", "abc"],
  ]),
);

test.each([
  ["as it is", secret],
  ["in JSON", JSON.stringify({ a: secret })],
  ["in JSON inside JSON", JSON.stringify(JSON.stringify(secret))],
  ["in a URL", `postgresql://u:${encodeURIComponent(secret)}@h/d`],
  ["in base64", Buffer.from(secret).toString("base64")],
  ["in base64 behind a user name", Buffer.from(`me:${secret}`).toString("base64")],
  ["in base64 behind another user name", Buffer.from(`root:${secret}`).toString("base64")],
  ["in hex", Buffer.from(secret).toString("hex")],
])("a secret is replaced by its name %s", (_how, text) => {
  const redacted = redact(`before ${text} after`);

  expect(redacted).toContain("[secret db]");
  expect(redacted).toMatch(/^before .* after$/);
  for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64").slice(4, -4)]) {
    expect(redacted).not.toContain(form);
  }
});

test("a key is replaced as a whole and line by line", () => {
  expect(redact(key)).toBe("[secret key]\n");
  expect(redact(`line ${"b".repeat(48)}`)).toBe("line [secret key]");
});

test("words that are no secret stay", () => {
  expect(redact("abc and -----BEGIN PRIVATE KEY-----")).toBe("abc and -----BEGIN PRIVATE KEY-----");
});
