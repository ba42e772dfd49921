import { expect, test } from "vitest";
import { compareValues, describeDifference } from "./compare-values.ts";

const lines = (before: string, after: string) => compareValues(before, after).map(describeDifference);

test("values are compared by path, wherever they stand in the text", () => {
  expect(lines("a: 1\nports: { http: 8080, ssh: 22 }\n", "ports: { ssh: 22, http: 9090 }\nb: [x]\n")).toEqual([
    "a removed: 1",
    'b added: ["x"]',
    "ports.http 8080 → 9090",
  ]);
  expect(lines("a: 1 # note\n", "a: 1\n")).toEqual([]);
  expect(lines("{}\n", "{}\n")).toEqual([]);
});

test("a secret is never shown, only that it is another, came or went", () => {
  const of = (password: string) => `redis: { external: { password: ${password} } }\n`;
  const all = [
    ...compareValues(of("first-one"), of("second-one")),
    ...compareValues("{}\n", of("first-one")),
    ...compareValues(of("first-one"), "{}\n"),
    ...compareValues("url: https://me:first-one@h/\n", "url: https://me:second-one@h/\n"),
  ];

  expect(all.map(describeDifference)).toEqual([
    "redis.external.password changed (not shown)",
    "redis.external.password added: (not shown)",
    "redis.external.password removed: (not shown)",
    "url changed (not shown)",
  ]);
  expect(JSON.stringify(all)).not.toMatch(/first-one|second-one/);
});
