import { expect, test } from "vitest";
import { ValuesError } from "../errors/installer-error.ts";
import { parseSet } from "./parse-set.ts";
import { toPlainValue } from "./sourced-value.ts";

function parse(argument: string): unknown {
  return toPlainValue(parseSet(argument));
}

function problem(argument: string): string {
  try {
    parseSet(argument);
  } catch (error) {
    if (error instanceof ValuesError) return error.details.join("\n");
  }
  throw new Error("it was accepted");
}

test("puts the value below the keys of its path", () => {
  expect(parse("postgres.external.host=db")).toEqual({ postgres: { external: { host: "db" } } });
});

test.each([
  ["5", 5],
  ["-1", -1],
  ["0.5", 0.5],
  [".5", 0.5],
  ["1e3", 1000],
  ["0x10", 16],
  ["0777", 777],
  ["true", true],
  ["False", false],
  ["null", null],
  ["~", null],
  ["", ""],
  ["10m", "10m"],
  ["512Mi", "512Mi"],
  ["1.2.3.4", "1.2.3.4"],
  ["no", "no"],
  ["yes", "yes"],
  ["2026-11-21", "2026-11-21"],
  [" 5", " 5"],
  ["a: b # c", "a: b # c"],
  ["a=b", "a=b"],
  ["$HOME", "$HOME"],
  ["&a *b !c |d >e %f @g `h", "&a *b !c |d >e %f @g `h"],
  ["back\\slash", "back\\slash"],
  ["line\nbreak", "line\nbreak"],
  ["it's", "it's"],
  ['"12345"', "12345"],
  ["'it''s'", "it's"],
  ['"a\\nb"', "a\nb"],
  ['{"a": {"b": 1}}', { a: { b: 1 } }],
  ['["x", 2]', ["x", 2]],
  ["[a, b]", ["a", "b"]],
])("reads %j as %j", (text, value) => {
  expect(parse(`key=${text}`)).toEqual({ key: value });
});

test("has no line and column, and says --set", () => {
  expect(parseSet('key={"a": 1}').content).toEqual(
    new Map([
      [
        "key",
        expect.objectContaining({
          origin: { layer: "set", file: "--set" },
          content: new Map([["a", { keyOrigin: set, origin: set, content: 1 }]]),
        }),
      ],
    ]),
  );
});

test.each([
  ["redis.external.password=12345", { redis: { external: { password: "12345" } } }],
  ["postgres.extraEnv.DEBUG=1", { postgres: { extraEnv: { DEBUG: "1" } } }],
  ["postgres.extraEnv.ON=true", { postgres: { extraEnv: { ON: "true" } } }],
  ["domain=null", { domain: null }],
  ["postgres.replicas=1", { postgres: { replicas: 1 } }],
  ["postgres.resources.memory=2048", { postgres: { resources: { memory: 2048 } } }],
])("what looks like a number is text where the key holds text: %s", (argument, value) => {
  expect(parse(argument)).toEqual(value);
});

const set = { layer: "set", file: "--set" };

test("two settings in one argument are told apart, as Helm would take them", () => {
  expect(problem("ports.http=18080,ports.https=18443")).toBe(
    "ports.http: a second setting stands after a comma (ports.https), give each its own --set [--set]",
  );
  expect(problem("domain=ai.corp.example, tls.mode=off")).toBe(
    "domain: a second setting stands after a comma (tls.mode), give each its own --set [--set]",
  );
  expect(parse("key=a,b=c,d")).toEqual({ key: "a,b=c,d" });
  expect(parse('key="a,domain=c"')).toEqual({ key: "a,domain=c" });
});

test.each([
  [
    "postgres.mode",
    '(root): the argument has no = after the key (got "postgres.mode"), write it as postgres.mode=value [--set]',
  ],
  ["", '(root): the argument has no = after the key (got ""), write it as a.b.c=value [--set]'],
  ["=x", '(root): the key has an empty part (got ""), write it as a.b.c=value [--set]'],
  ["a..b=x", '(root): the key has an empty part (got "a..b"), write it as a.b.c=value [--set]'],
  [`${"a.".repeat(50_000)}a=1`, "(root): the key is nested too deeply (got 50001 parts), at most 32 are read [--set]"],
  ["__proto__.polluted=1", "__proto__.polluted: the key is not allowed [--set]"],
  ["a.constructor=1", "a.constructor: the key is not allowed [--set]"],
  ["a=x\0y", "a: the value is not valid text [--set]"],
  ["a=\ud800", "a: the value is not valid text [--set]"],
  ["a=1e999", /^a: the number is not finite/],
  ['a="x', /^a: not valid YAML: .*; a value that begins with a quote, \[ or \{ must be complete YAML or JSON/],
  ['a="x" y', /^a: not valid YAML/],
  ["a={x", /^a: not valid YAML/],
  ['a={"__proto__": 1}', /^a: the key is not allowed/],
])("refuses %j", (argument, message) => {
  expect(problem(argument)).toMatch(message);
});

test("does not repeat a password that stands where = was forgotten", () => {
  expect(problem("redis.external.password:hunter2")).not.toContain("hunter2");
  expect(problem('redis.external.password="hunter2')).not.toContain("hunter2");
});

test("cuts a long key in its message", () => {
  expect(problem(`${"a".repeat(100)}.=1`)).toContain(`${"a".repeat(57)}...`);
});
