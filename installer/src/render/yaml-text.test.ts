import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
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
