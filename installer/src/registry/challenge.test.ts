import { expect, test } from "vitest";
import { parseChallenge } from "./challenge.ts";

test.each([
  ['Basic realm="Registry"', { scheme: "basic" }],
  ["basic", { scheme: "basic" }],
  [
    'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"',
    { scheme: "bearer", realm: "https://auth.example/token", service: "registry.example" },
  ],
  ["Bearer realm=https://auth.example/token", { scheme: "bearer", realm: "https://auth.example/token" }],
  [
    'Basic realm="x, Bearer realm=y", Bearer realm="https://auth.example/t", service="s"',
    { scheme: "bearer", realm: "https://auth.example/t", service: "s" },
  ],
  [
    'Bearer realm="https://a/\\"quoted\\"",service="s"',
    { scheme: "bearer", realm: 'https://a/"quoted"', service: "s" },
  ],
])("reads %s", (header, expected) => {
  expect(parseChallenge(header)).toMatchObject(expected);
});

test.each(["", "Negotiate", "Bearer", 'Bearer service="s"', "=,=,", `Basic ${"x".repeat(5000)}`])(
  "does not understand %s",
  (header) => {
    expect(parseChallenge(header)).toBeUndefined();
  },
);

// Whoever tries every way to read them does not come to an end.
test.each([`Bearer ${"a ".repeat(2000)}`, `Bearer realm="${"\\".repeat(4000)}`, "a=".repeat(2000)])(
  "does not understand a header made to be slow to read: %s",
  (header) => {
    expect(parseChallenge(header)).toBeUndefined();
  },
);
