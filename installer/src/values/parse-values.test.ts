import { describe, expect, test } from "vitest";
import { ValuesError, type ValuesIssue } from "../errors/installer-error.ts";
import { parseValues, valuesLimits } from "./parse-values.ts";
import { findNearestValue, toPlainValue } from "./sourced-value.ts";

function parse(text: string): unknown {
  return toPlainValue(parseValues({ name: "my.yaml", text }, "file"));
}

function refusals(text: string): readonly ValuesIssue[] {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ValuesError) return error.issues;
    throw error;
  }
  return [];
}

describe("reads", () => {
  test.each<[string, unknown]>([
    ["", {}],
    ["# nothing\n", {}],
    ["---\n", {}],
    ["---\na: 1\n", { a: 1 }],
    ["a: 1\n...\n", { a: 1 }],
    ["\uFEFFa: 1", { a: 1 }],
    ["a: 1\r\nb: 2\r\n", { a: 1, b: 2 }],
    ["a: { b: [1, x, true, null] }", { a: { b: [1, "x", true, null] } }],
    ['{"a": {"b": "c\\u00e9"}}', { a: { b: "cé" } }],
    ["a: no\nb: yes\nc: on\nd: off\ne: y", { a: "no", b: "yes", c: "on", d: "off", e: "y" }],
    ["no: 1", { no: 1 }],
    ["a: 0o17\nb: 0x1F\nc: 0777\nd: 1_000\ne: 12:30", { a: 15, b: 31, c: 777, d: "1_000", e: "12:30" }],
    ["a: 2026-11-21", { a: "2026-11-21" }],
    ["a: |\n  x\n  y\n", { a: "x\ny\n" }],
    ["a: >-\n  x\n  y\n", { a: "x y" }],
    ["a: '$HOME ${X} `id` \"q\" \\'", { a: '$HOME ${X} `id` "q" \\' }],
    ["a: &x { k: 1 }\nb: *x", { a: { k: 1 }, b: { k: 1 } }],
    ["a: &x 1\nb: &x 2\nc: *x", { a: 1, b: 2, c: 2 }],
    ["toString: 1\nhasOwnProperty: 2", { toString: 1, hasOwnProperty: 2 }],
    ["a: 'tab\tinside'", { a: "tab\tinside" }],
    ["a: x!y&z*w%v", { a: "x!y&z*w%v" }],
    ["a: |\n  !x\n  *y\n  %z\n", { a: "!x\n*y\n%z\n" }],
  ])("%j", (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test("the line and column of each key and value", () => {
    const root = parseValues({ name: "my.yaml", text: "a:\n  b: x\n  c: [1, 2]\r\n  d:\n" }, "file");

    expect(findNearestValue(root, ["a", "b"])).toMatchObject({
      keyOrigin: { layer: "file", file: "my.yaml", line: 2, column: 3 },
      origin: { line: 2, column: 6 },
    });
    expect(findNearestValue(root, ["a", "c", "1"]).origin).toMatchObject({ line: 3, column: 10 });
    expect(findNearestValue(root, ["a", "d"])).toMatchObject({ keyOrigin: { line: 4 }, content: null });
    expect(findNearestValue(root, ["a", "x", "y"]).keyOrigin).toMatchObject({ line: 1, column: 1 });
    expect(findNearestValue(root, ["a", "b", "z"]).content).toBe("x");
  });
});

describe("refuses", () => {
  const yaml = (reason: string) => `not valid YAML: ${reason}`;
  const tag = "the file uses a tag (!...), write the value plainly or in quotes";
  const directive = "the file uses a directive (%...), remove that line";
  const indentation = yaml("the indentation does not fit the lines around it, or a bracket is not closed");
  const missing = yaml("a quote, a comma, a colon, the space after a colon or a closing bracket is missing");

  test.each([
    ["hello", "", "the file does not hold keys and values, it must be a map such as: domain: ai.corp.example", 1, 1],
    ["- a", "", "the file does not hold keys and values, it must be a map such as: domain: ai.corp.example", 1, 1],
    ["a: 1\na: 2", "a", "the key is given twice in the same map", 2, 1],
    ["a: { b: 1, b: 2 }", "a.b", "the key is given twice in the same map", 1, 12],
    ['a: 1\n"a": 2', "a", "the key is given twice in the same map", 2, 1],
    ["a: 1\n---\nb: 2", "", "the file holds a second document (---), only one is allowed", 2, 1],
    ["a: 1\n...\nb: 2", "", "the file holds a second document (---), only one is allowed", 3, 1],
    ["a: &x { b: 1 }\nc:\n  <<: *x", "c", "merge keys (<<) are not supported, write the keys out", 3, 3],
    ["__proto__: { x: 1 }", "__proto__", "the key is not allowed", 1, 1],
    ["a: { constructor: 1 }", "a.constructor", "the key is not allowed", 1, 6],
    ["prototype: 1", "prototype", "the key is not allowed", 1, 1],
    ["a: !!str 1", "", tag, 1, 4],
    ["a: !!js/function 'x'", "", tag, 1, 4],
    ["a: !secret x", "", tag, 1, 4],
    ["!!map {a: 1}", "", tag, 1, 1],
    ["%YAML 1.1\n---\na: no", "", directive, 1, 1],
    ["%TAG ! tag:x,2026:\n---\na: 1", "", directive, 1, 1],
    ["a: x\0y", "", "the file holds a NUL character, only text, tabs and line ends are allowed", 1, 5],
    [
      "a: 1\nb: \u0007",
      "",
      "the file holds the control character U+0007, only text, tabs and line ends are allowed",
      2,
      4,
    ],
    ["a: \u001fx", "", "the file holds the control character U+001F, only text, tabs and line ends are allowed", 1, 4],
    ['a: "x\\0y"', "a", "the text holds a NUL character, which nothing can carry", 1, 4],
    ['"a\\0": 1', "", "the text holds a NUL character, which nothing can carry", 1, 1],
    ['a: "\\ud800"', "a", "the text holds half a surrogate pair, which is not valid Unicode", 1, 4],
    ["a: .inf", "a", "the number is not finite, put it in quotes if text is meant", 1, 4],
    ["a: .nan", "a", "the number is not finite, put it in quotes if text is meant", 1, 4],
    ["a: 1e999", "a", "the number is not finite, put it in quotes if text is meant", 1, 4],
    ["1: x", "", "a key is not text, put it in quotes if it is meant", 1, 1],
    ["true: x", "", "a key is not text, put it in quotes if it is meant", 1, 1],
    ["a:\n  ? [x]\n  : 1", "a", "a key is not text, put it in quotes if it is meant", 2, 5],
    ["a: {{ .Values.a }}", "a", "{{ ... }} is a placeholder, and slipway fills in none, write the value itself", 1, 5],
    ["? { x: 1 }\n: 1", "", "a key is not text, put it in quotes if it is meant", 1, 3],
    ["a: *nowhere", "a", "the alias (*name) has no anchor (&name) before it, quote text that begins with *", 1, 4],
    ["a: [1", "", indentation, 1, 6],
    ["a: 'x", "", missing, 1, 6],
    ["a: {b: 1", "", indentation, 1, 9],
    ["a:\n\tb: 1", "", yaml("a tab is used for indentation, use spaces"), 2, 1],
    [
      "a: @x",
      "",
      yaml("a text begins with a character that has a meaning in YAML (such as @ or `), put it in quotes"),
      1,
      4,
    ],
    [
      "a: b: c",
      "",
      yaml("a map or list stands where one value belongs, check the indentation and quote texts with ': '"),
      1,
      4,
    ],
    ["a:\n    b: 1\n  c: 2", "", indentation, 3, 1],
    [
      'a: "\\q"',
      "",
      yaml("a text in double quotes holds an unknown escape sequence, write \\\\ for a backslash or use single quotes"),
      1,
      5,
    ],
    ["a: ]", "", yaml("this does not belong here, check quotes, brackets and indentation"), 1, 4],
  ])("%j", (text, path, message, line, column) => {
    expect(refusals(text)[0]).toEqual({ path, message, file: "my.yaml", line, column });
  });

  test("everything that is wrong with the syntax at once", () => {
    const issues = refusals("a: 'x' y\nb: [1\nc: \"\\q\"\n");

    expect(issues.length).toBeGreaterThan(1);
    expect(new Set(issues.map(({ path }) => path))).toEqual(new Set([""]));
  });
});

describe("hostile input", () => {
  const mebi = 1024 * 1024;
  const fill = (text: string, length = mebi - 100) => text.repeat(Math.floor(length / text.length));
  const letters = "a b c d e f g h i j".split(" ");
  const bomb = letters.map((name, index) =>
    index === 0
      ? "a: &a [x, x, x, x, x, x, x, x, x]"
      : `${name}: &${name} [${Array(9)
          .fill(`*${letters[index - 1] ?? ""}`)
          .join(", ")}]`,
  );
  const tooLarge = /^the file is too large \(got \d+ bytes\), at most 1048576 are read$/;
  const tooMany = `the file has too many parts, at most ${valuesLimits.tokens} are read`;
  const tooDeep = `the file is nested too deeply, at most ${valuesLimits.depth} levels are read`;
  const anyIssue = /./;

  test.each<[string, string, string | RegExp]>([
    ["ten megabytes of text", `a: ${"x".repeat(10 * mebi)}`, tooLarge],
    ["a megabyte of characters, two bytes each", `a: ${"é".repeat(mebi - 10)}`, tooLarge],
    ["an alias bomb", bomb.join("\n"), `the file holds too many values, at most ${valuesLimits.nodes} are read`],
    ["an alias bomb in JSON style", `{${bomb.join(", ")}}`, /too many values/],
    ["an alias that holds itself", "a: &a [*a]", tooDeep],
    ["a map alias that holds itself", "a: &a { b: *a }", tooDeep],
    ["many aliases", `a: &a 1\nb: [${fill("*a, ", 4000)}]`, /too many aliases/],
    ["many unknown aliases", fill("*a "), /too many aliases/],
    ["many anchors", fill("&a "), tooMany],
    ["deep lists", `a: ${fill("[")}`, tooDeep],
    ["deep maps in braces", `a: ${fill("{a: ")}`, tooDeep],
    ["deep maps in JSON", `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`, tooDeep],
    ["deep compact lists", fill("- "), tooDeep],
    ["deep explicit keys", fill("? "), tooDeep],
    ["deep indentation", Array.from({ length: 1000 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"), tooDeep],
    ["33 levels", `${"{a: ".repeat(33)}1${"}".repeat(33)}`, tooDeep],
    ["a huge integer", `a: ${fill("9")}`, /not finite/],
    ["a huge hexadecimal number", `a: 0x${fill("f")}`, /not finite/],
    ["a huge exponent", "a: 1e99999999999999999999", /not finite/],
    ["a hundred thousand keys", fill("k: 1\n"), tooMany],
    ["different keys", Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join("\n"), tooMany],
    ["keys in braces", `{${Array.from({ length: 30_000 }, (_, index) => `k${index}: 1`).join(",")}}`, tooMany],
    ["line ends", fill("\n"), tooMany],
    ["Windows line ends", fill("a: 1\r\n"), tooMany],
    ["comments", fill("#\n"), tooMany],
    ["commas", `[${fill(",")}]`, tooMany],
    ["list items", `[${fill("1,")}]`, tooMany],
    ["documents", fill("---\n"), /second document/],
    ["empty explicit keys", fill("?\n"), tooMany],
    ["tags", fill("! "), /uses a tag/],
    ["directives", fill("%"), /uses a directive/],
    ["colons", fill(":"), anyIssue],
    ["byte order marks", fill("\uFEFF", 300_000), anyIssue],
    ["an open double quote", `a: "${fill("x\n")}`, anyIssue],
    ["an open double quote of escapes", `a: "${fill("\\n")}`, anyIssue],
    ["an open single quote", `a: '${fill("x\n ")}`, anyIssue],
    ["tabs", `a:\n${fill("\t")}`, anyIssue],
    ["a block with a false indentation", `a: |9\n${fill("x")}`, anyIssue],
    ["NUL characters", fill("\0"), /NUL/],
    ["__proto__ in a list of maps", "a: [{ __proto__: { polluted: true } }]", "the key is not allowed"],
    ["__proto__ by escape", '"__\\u0070roto__": { polluted: true }', "the key is not allowed"],
    ["__proto__ below an alias", "a: &a { b: 1 }\n__proto__: *a", "the key is not allowed"],
    ["constructor.prototype", "constructor: { prototype: { polluted: true } }", "the key is not allowed"],
  ])("is refused, and not after a long search: %s", { timeout: 20_000 }, (_, text, message) => {
    const issues = refusals(text);

    expect(issues[0]?.message).toMatch(message);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("takes little memory", () => {
    const inputs = [bomb.join("\n"), `a: ${fill("[")}`, fill("k: 1\n"), fill("\n"), `[${fill("1,")}]`];
    const before = process.memoryUsage().rss;

    for (const input of inputs) refusals(input);

    expect(process.memoryUsage().rss - before).toBeLessThan(100 * mebi);
  });
});
