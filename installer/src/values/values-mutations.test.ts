import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { defaultsText } from "../../test/support/values-sources.ts";
import { ValuesError, type ValuesIssue } from "../errors/installer-error.ts";
import { resolveAddressing } from "./addressing.ts";
import { type LoadedValues, loadValues } from "./load-values.ts";
import { findSchemaErrors } from "./values-validator.generated.js";
import { valuesSections } from "../plan/values-sections.ts";

const rounds = process.env["SLIPWAY_FULL"] === "1" ? 5000 : 500;
const seed = 20_261_121;

type Random = (below: number) => number;
type Tree = Record<string, unknown>;

/** A small generator of reproducible numbers (mulberry32). */
function createRandom(start: number): Random {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const oddValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  65_536,
  0.1,
  1e21,
  2 ** 53,
  "",
  " ",
  "x",
  "off",
  "external",
  "embedded",
  "auto",
  "files",
  "no",
  "512Mi",
  "512m",
  "0Gi",
  "999999999999999Ti",
  "localhost",
  "a.b.example",
  "10.0.0.1",
  "::1",
  "1.2.3",
  "latest",
  "a:latest",
  "postgres:17",
  "/etc/x",
  "../x",
  "https://s3.corp.example",
  "http://[::1]",
  "http://u:p@h",
  "${HOME}",
  "{{ .Values.x }}",
  "'; drop table x; --",
  "a\nb",
  "密码",
  "🔑".repeat(200),
  "x".repeat(5000),
  "\u202e",
  [],
  [1, [2]],
  {},
  { a: 1 },
  { mode: "external" },
];
const oddKeys = [
  "mode",
  "host",
  "A B",
  "x",
  "toString",
  "hasOwnProperty",
  "1",
  "é",
  "a.b",
  "a/b",
  "a~b",
  "",
  "extraEnv",
];
const oddCharacters = [
  "{",
  "}",
  "[",
  "]",
  ":",
  "#",
  "'",
  '"',
  "&a ",
  "*a",
  "!x ",
  "\t",
  "\n",
  "\r",
  "\0",
  "-",
  "? ",
  "|",
  ">",
  "%",
  "$",
  "\\",
  "<<: ",
  "é",
  "\uD800",
];

function pick<T>(random: Random, items: readonly T[]): T {
  return items[random(items.length)] as T;
}

/** Walks down to a random map, so that every depth is met. */
function pickMap(random: Random, tree: Tree): Tree {
  const maps = Object.values(tree).filter(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  );
  return maps.length === 0 || random(3) === 0 ? tree : pickMap(random, pick(random, maps) as Tree);
}

function mutateTree(random: Random): string {
  const tree = parse(defaultsText.text, { schema: "core" }) as Tree;
  for (let left = 1 + random(4); left > 0; left -= 1) {
    const map = pickMap(random, tree);
    const key = random(5) === 0 ? pick(random, oddKeys) : pick(random, [...Object.keys(map), "x"]);
    if (random(6) === 0) Reflect.deleteProperty(map, key);
    else map[key] = structuredClone(pick(random, oddValues));
  }
  return random(2) === 0 ? JSON.stringify(tree) : stringify(tree);
}

function mutateText(random: Random): string {
  let text = defaultsText.text;
  for (let left = 1 + random(4); left > 0; left -= 1) {
    const at = random(text.length);
    const cut = random(3) === 0 ? random(20) : 0;
    const lines = text
      .slice(at)
      .split("\n")
      .slice(0, 1 + random(5))
      .join("\n");
    const added = pick(random, [pick(random, oddCharacters), lines, String(pick(random, oddValues)), ""]);
    text = text.slice(0, at) + added + text.slice(at + cut);
  }
  return text;
}

function mutateSet(random: Random): string {
  const path = Array.from({ length: 1 + random(4) }, () =>
    pick(random, [...oddKeys, "postgres", "external", "ports", "http", "tls"]),
  );
  const value = pick(random, oddValues);
  return `${path.join(".")}=${random(2) === 0 ? JSON.stringify(value) : String(value)}`;
}

function load(random: Random): LoadedValues | readonly ValuesIssue[] {
  const text = random(2) === 0 ? mutateTree(random) : mutateText(random);
  const sets = random(4) === 0 ? [mutateSet(random)] : [];
  try {
    return loadValues({ defaults: defaultsText, files: [{ name: "my.yaml", text }], sets }, valuesSections());
  } catch (error) {
    if (error instanceof ValuesError) return error.issues;
    throw error;
  }
}

function isRefused(result: LoadedValues | readonly ValuesIssue[]): result is readonly ValuesIssue[] {
  return Array.isArray(result);
}

function expectUsable(loaded: LoadedValues): void {
  expect(findSchemaErrors(loaded.values)).toEqual([]);
  const { served, published } = resolveAddressing(loaded.values, valuesSections());
  for (const { url } of served) expect(new URL(url).href).toBe(`${url}/`);
  expect(new Set(published.map(({ port }) => port)).size).toBe(published.length);
}

function expectToNamePlaces(issues: readonly ValuesIssue[]): void {
  expect(issues).not.toEqual([]);
  for (const issue of issues) {
    const isCount = /^and \d+ more problems$/.test(issue.message);
    expect(
      isCount || issue.path !== "" || issue.line !== undefined || issue.file === "--set",
      JSON.stringify(issue),
    ).toBe(true);
    expect(issue.message).not.toMatch(/[\n\r\0]/);
    expect(issue.message.length).toBeLessThan(600);
  }
}

test(`${rounds} mutations of the defaults give values or named problems, never another error`, {
  timeout: 300_000,
}, () => {
  let accepted = 0;
  for (let round = 0; round < rounds; round += 1) {
    const random = createRandom(seed + round);
    const result = load(random);
    if (isRefused(result)) {
      expectToNamePlaces(result);
    } else {
      accepted += 1;
      expectUsable(result);
    }
  }

  expect(accepted).toBeGreaterThan(rounds / 50);
  expect(accepted).toBeLessThan(rounds / 2);
});
