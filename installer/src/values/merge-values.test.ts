import { describe, expect, test } from "vitest";
import { defaultsText } from "../../test/support/values-sources.ts";
import { loadValues } from "./load-values.ts";
import { mergeValues } from "./merge-values.ts";
import { parseValues } from "./parse-values.ts";
import { formatPath, toPlainValue } from "./sourced-value.ts";
import { valuesSections } from "../plan/values-sections.ts";

function merge(first: string, ...rest: readonly string[]): unknown {
  const parse = (text: string) => parseValues({ name: "f", text }, "file");
  return toPlainValue(mergeValues([parse(first), ...rest.map(parse)]));
}

describe("mergeValues", () => {
  test.each([
    ["a: 1", "b: 2", { a: 1, b: 2 }],
    ["a: 1", "a: 2", { a: 2 }],
    ["a: { x: 1, y: 2 }", "a: { y: 3 }", { a: { x: 1, y: 3 } }],
    ["a: [1, 2]", "a: [3]", { a: [3] }],
    ["a: { x: 1 }", "a: 5", { a: 5 }],
    ["a: 5", "a: { x: 1 }", { a: { x: 1 } }],
    ["a: { x: 1 }", "a: {}", { a: { x: 1 } }],
    ["a: 1", "", { a: 1 }],
  ])("lays %j under %j", (below, above, expected) => {
    expect(merge(below, above)).toEqual(expected);
  });

  test("lets the last of several layers win", () => {
    expect(merge("a: 1", "a: 2", "a: 3", "b: 4")).toEqual({ a: 3, b: 4 });
  });
});

describe("layers of loadValues", () => {
  const profile = {
    name: "profiles/infra.yaml",
    text: "postgres: { maxConnections: 100, extraEnv: { A: profile, B: profile } }",
  };
  const files = [
    { name: "one.yaml", text: "domain: one.example\npostgres:\n  extraEnv: { B: one, C: one }\n" },
    { name: "two.yaml", text: "domain: two.example\n" },
  ];
  const sets = ["postgres.extraEnv.C=set", "edition=ce"];
  const loaded = loadValues({ defaults: defaultsText, profile, files, sets }, valuesSections());

  test("are laid over each other: defaults, profile, files in order, --set", () => {
    expect(loaded.values.domain).toBe("two.example");
    expect(loaded.values.postgres.maxConnections).toBe(100);
    expect(loaded.values.postgres.extraEnv).toEqual({ A: "profile", B: "one", C: "set" });
    expect(loaded.values.redis.replicas).toBe(1);
  });

  test("are remembered for each leaf with file, line and column", () => {
    expect(loaded.provenance().get("domain")).toEqual({ layer: "file", file: "two.yaml", line: 1, column: 9 });
    expect(loaded.provenance().get("postgres.extraEnv.B")).toEqual({
      layer: "file",
      file: "one.yaml",
      line: 3,
      column: 18,
    });
    expect(loaded.provenance().get("postgres.extraEnv.A")).toMatchObject({ layer: "profile", line: 1 });
    expect(loaded.provenance().get("postgres.extraEnv.C")).toEqual({ layer: "set", file: "--set" });
    expect(loaded.provenance().get("redis.extraEnv")).toMatchObject({ layer: "defaults", file: "values/values.yaml" });
    expect(loaded.provenance().get("postgres")).toBeUndefined();
  });

  test("give what the user said without the defaults and the profile", () => {
    expect(loaded.given).toEqual({
      domain: "two.example",
      postgres: { extraEnv: { B: "one", C: "set" } },
      edition: "ce",
    });
  });

  test("may be only the defaults", () => {
    expect(loadValues({ defaults: defaultsText }, valuesSections()).given).toEqual({});
  });
});

test.each([
  [[], ""],
  [["a", "b-c", "d_1"], "a.b-c.d_1"],
  [["a", "b.c"], 'a["b.c"]'],
  [["", "x"], '[""].x'],
  [["a", "x".repeat(70)], `a["${"x".repeat(61)}..."]`],
])("formatPath writes %j as %s", (path, text) => {
  expect(formatPath(path)).toBe(text);
});
