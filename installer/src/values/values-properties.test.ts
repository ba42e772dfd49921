import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { isPlaceholder } from "./meant-value.ts";
import { loadTestValues } from "../../test/support/values-sources.ts";

const lookAlikes = [
  "no",
  "yes",
  "on",
  "off",
  "y",
  "n",
  "true",
  "false",
  "null",
  "~",
  "",
  " ",
  "0777",
  "0o17",
  "0x1F",
  "1.10",
  "1e3",
  "1_000",
  "12:30:45",
  ".inf",
  "-.INF",
  ".nan",
  "2026-11-21",
  "<<",
  "=",
  "- a",
  "a: b",
  "a #b",
  "# a",
  "{a}",
  "[a]",
  "*a",
  "&a",
  "!a",
  "|",
  ">",
  "%a",
  "@a",
  "`a`",
  "'",
  '"',
  "''",
  '""',
  "\\",
  "\\n",
  "$",
  "$$",
  "${HOME}",
  "$(id)",
  "{{ .Values.x }}",
  "---",
  "...",
  "\n",
  "\r\n",
  "\t",
  "a\nb",
  "a\n\n b\n",
  " a ",
  "a\u00a0b",
  "\u2028",
  "\u0085",
  "\uFEFF",
  "é",
  "密码",
  "🔑",
  "\u0007",
  "\u001b[31m",
  "__proto__",
  "constructor",
];

// Strings of odd pieces find more than evenly random ones do.
const oddText = fc
  .oneof(
    fc.constantFrom(...lookAlikes),
    fc.array(fc.constantFrom(...lookAlikes), { maxLength: 5 }).map((parts) => parts.join("")),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({ unit: "grapheme", maxLength: 40 }),
  )
  // What is left for others to fill in is refused as a password.
  .filter((text) => !text.includes("\0") && text.isWellFormed() && !isPlaceholder(text));

// The long run looks for new texts; the fast one is the same every time.
const runs = process.env["SLIPWAY_FULL"] === "1" ? { numRuns: 1000 } : { numRuns: 150, seed: 20_261_121 };

function readBack(file: string, sets: readonly string[] = []): readonly unknown[] {
  const { redis } = loadTestValues(file, sets);
  return [redis.external.password, redis.extraEnv["ODD"]];
}

describe("any text comes out of the values exactly as it went in", { timeout: 120_000 }, () => {
  const styles = {
    JSON: (value: unknown) => JSON.stringify(value),
    "YAML as a program writes it": (value: unknown) => stringify(value, { lineWidth: 0 }),
    "double quotes": (value: unknown) => stringify(value, { defaultStringType: "QUOTE_DOUBLE", lineWidth: 0 }),
    "YAML 1.1 quoting": (value: unknown) => stringify(value, { compat: "yaml-1.1", lineWidth: 0 }),
  };

  test.each(Object.entries(styles))("from a file in %s", (_, write) => {
    fc.assert(
      fc.property(oddText, (text) => {
        const file = write({ redis: { external: { password: text }, extraEnv: { ODD: text } } });

        expect(readBack(file)).toEqual([text, text]);
      }),
      runs,
    );
  });

  test("from a literal block, for texts whose last line is not blank", () => {
    const block = oddText.filter((text) => !/[\u0000-\u0008\u000b-\u001f]|(^|\n) *$/.test(text));
    fc.assert(
      fc.property(block, (text) => {
        const lines = text.split("\n").map((line) => `    ${line}`);

        expect(readBack(`redis:\n  extraEnv:\n   ODD: |1-\n${lines.join("\n")}\n`)[1]).toBe(text);
      }),
      runs,
    );
  });

  test("from single quotes, for texts on one line", () => {
    const line = oddText.filter((text) => !/[\u0000-\u0008\u000a-\u001f]/.test(text));
    fc.assert(
      fc.property(line, (text) => {
        const quoted = `'${text.replaceAll("'", "''")}'`;

        expect(readBack(`redis: { external: { password: ${quoted} }, extraEnv: { ODD: ${quoted} } }`)).toEqual([
          text,
          text,
        ]);
      }),
      runs,
    );
  });

  test("from --set in JSON quotes", () => {
    fc.assert(
      fc.property(oddText, (text) => {
        const quoted = JSON.stringify(text);

        expect(readBack("", [`redis.external.password=${quoted}`, `redis.extraEnv.ODD=${quoted}`])).toEqual([
          text,
          text,
        ]);
      }),
      runs,
    );
  });

  test("from --set as a JSON map", () => {
    fc.assert(
      fc.property(oddText, (text) => {
        expect(readBack("", [`redis.extraEnv=${JSON.stringify({ ODD: text })}`])[1]).toBe(text);
      }),
      runs,
    );
  });

  test("from --set without quotes, unless it begins like YAML or is a number, boolean or null", () => {
    const plain = oddText.filter(
      (text) => !/^["'[{]/.test(text) && !/^(~|null|true|false|[-+.]?[0-9.][-+.0-9a-z]*)$/i.test(text),
    );
    fc.assert(
      fc.property(plain, (text) => {
        expect(readBack("", [`redis.external.password=${text}`, `redis.extraEnv.ODD=${text}`])).toEqual([text, text]);
      }),
      runs,
    );
  });
});
