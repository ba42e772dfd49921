import { describe, expect, it } from "vitest";
import { parseDotenv, readPort } from "./dotenv.ts";
import { Problems } from "./refusal.ts";

function read(text: string): {
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
} {
  const problems = new Problems();
  const values = Object.fromEntries(parseDotenv(".env", text, problems));
  return { values, problems: detailsOf(problems) };
}

function detailsOf(problems: Problems): readonly string[] {
  try {
    problems.refuseIfAny("it");
    return [];
  } catch (error) {
    return (error as { readonly details: readonly string[] }).details;
  }
}

describe("parseDotenv", () => {
  it.each([
    ["A=plain value # a comment", "plain value"],
    ["A=with#sign", "with#sign"],
    ["A= # nothing", ""],
    ["export A=x", "x"],
    ["A='$B \\n stays'", "$B \\n stays"],
    ['A="two\\nlines"', "two\nlines"],
    ['A="a \\"word\\" and a \\$" # comment', 'a "word" and a $'],
    ["A=pa$$word", "pa$word"],
    ["\uFEFFA=x\r", "x"],
    ["B=b\nA=${B}-$B", "b-b"],
    ["A=${B:-default}", "default"],
    ["B=\nA=${B-default}", ""],
    ["B=b\nA=${B:+other}", "other"],
  ])("reads %j", (text, value) => {
    expect(read(text).values["A"]).toBe(value);
    expect(read(text).problems).toEqual([]);
  });

  it.each([
    ["no assignment", [".env:1 is no KEY=VALUE"]],
    ['A="open', ['.env:1 A begins with " and does not end with it']],
    ['A="x" y', [".env:1 A has more behind its closing quote"]],
    ["A=$B", [".env:1 A uses B, which is not set"]],
    ["A=${B?why}", [".env:1 A needs B, which is not set"]],
    ["A=${B", [".env:1 A holds ${ without an end, or something between braces that is not read here"]],
    ["A=1\nA=2", [".env:2 sets A again, to another value"]],
    ["A=1\nA=1", []],
  ])("tells what is wrong with %j", (text, problems) => {
    expect(read(text).problems).toEqual(problems);
  });
});

describe("readPort", () => {
  it.each([
    ["", 80, []],
    ["8080", 8080, []],
    ["70000", 80, ['P is no port (got "70000"), allowed is 1 to 65535']],
  ])("reads %j", (value, port, problems) => {
    const found = new Problems();

    expect(readPort({ name: "P", value, otherwise: 80 }, found)).toBe(port);
    expect(detailsOf(found)).toEqual(problems);
  });
});
