import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Document, Scalar, parse, visit } from "yaml";
import { oddStrings } from "../../test/support/sample-plan.ts";
import { toYamlText } from "./yaml-text.ts";

const lookAlikes =
  "no yes y on off null ~ true 1.10 0777 0o17 1_000 0x1f 1e3 .inf .nan 12:30:45 2026-11-21 << = - ? :".split(" ");

describe("toYamlText", () => {
  it.each(["1.1", "1.2"] as const)("is read back unchanged by YAML %s", (version) => {
    const strings = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 8 });

    fc.assert(
      fc.property(strings, (generated) => {
        const value = {
          known: [...lookAlikes, ...Object.values(oddStrings)],
          generated,
          nested: { [generated[0] ?? "x"]: 1 },
        };

        expect(parse(toYamlText(value), { version })).toEqual(value);
      }),
    );
  });

  it("is what the package yaml writes with the same styles", () => {
    // Two line ends with one space between them: that package escapes the backslash instead of the space.
    const text = fc.oneof(
      fc.string({ unit: "grapheme" }),
      lines(),
      fc.constantFrom(...lookAlikes, "a-", "a:1", "/b.c"),
    );
    const scalar = fc.oneof(
      text,
      text,
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
      fc.boolean(),
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        scalar,
        fc.constant(null),
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(fc.string({ maxLength: 12 }), tie("tree"), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));

    fc.assert(
      fc.property(tree, (value) => {
        fc.pre(!JSON.stringify(value).includes("\\n \\n"));
        const map = { value, list: [value] };

        expect(toYamlText(map)).toBe(writtenByPackage(map));
      }),
      { numRuns: 2000 },
    );
  });

  it("leaves words plain and quotes what some reader takes for something else", () => {
    expect(toYamlText(["postgres", "/etc/a.conf", "no", "0777", "1.10", "x: y"])).toBe(
      `- postgres\n- /etc/a.conf\n- "no"\n- "0777"\n- "1.10"\n- "x: y"\n`,
    );
  });

  it("keeps the lines of a configuration file", () => {
    expect(toYamlText({ file: "a = 1\nb = 2\n" })).toBe("file: |\n  a = 1\n  b = 2\n");
  });

  it("writes no character that Go's reader refuses", () => {
    const text = toYamlText(Object.values(oddStrings));

    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/);
  });
});

function lines(): fc.Arbitrary<string> {
  const line = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.constantFrom("", " ", "a = 1", " indented", "trailing ", "# no comment"),
  );
  return fc.array(line, { minLength: 1, maxLength: 6 }).map((list) => list.join("\n"));
}

/** The other opinion: styles are set for each scalar and the package writes the rest. */
function writtenByPackage(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === "string") node.type = styleOf(node.value);
    },
  });
  return document
    .toString({ lineWidth: 0 })
    .replace(
      /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
}

function styleOf(text: string): Scalar.Type {
  if (/^(?!(?:y|n|yes|no|on|off|true|false|null|nan|inf)$)[a-z/](?:[\w./-]|:(?=\d))*$/i.test(text)) return Scalar.PLAIN;
  return /^[^\s][^\r\t\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]*[^\s]\n$/.test(text)
    ? Scalar.BLOCK_LITERAL
    : Scalar.QUOTE_DOUBLE;
}
