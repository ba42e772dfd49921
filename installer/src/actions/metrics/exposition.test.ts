import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { samplesOf } from "./all-metrics.ts";
import { escapeHelp, escapeLabel, renderExposition, renderValue } from "./exposition.ts";
import { describedLook } from "./testing/described-look.ts";

describe("the text format", () => {
  it("escapes backslash, quote and line end of a label's value, and leaves the rest", () => {
    expect(escapeLabel('C:\\dir "x"\nnext')).toBe('C:\\\\dir \\"x\\"\\nnext');
    expect(escapeLabel("Behörde 证书\t{a=b},")).toBe("Behörde 证书\t{a=b},");
  });

  it("escapes backslash and line end of a help text, and leaves quotes", () => {
    expect(escapeHelp('a \\ and "b"\nc')).toBe('a \\\\ and "b"\\nc');
  });

  it("loses nothing of any label value", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const escaped = escapeLabel(text);

        expect(escaped).not.toContain("\n");
        expect(escaped.replaceAll(/\\(.)/g, (_all, mark: string) => (mark === "n" ? "\n" : mark))).toBe(text);
      }),
    );
  });

  it.each([
    [0, "0"],
    [1764504000.5, "1764504000.5"],
    [1e21, "1e+21"],
    [-86400, "-86400"],
    [Number.NaN, "NaN"],
    [Infinity, "+Inf"],
    [-Infinity, "-Inf"],
  ])("writes %d as %s", (value, text) => {
    expect(renderValue(value)).toBe(text);
  });

  it("has help and type before the samples of each metric, each line ended", () => {
    const text = renderExposition(samplesOf(describedLook()));

    expect(text).toMatch(
      /^# HELP slipway_look_ok .+\n# TYPE slipway_look_ok gauge\nslipway_look_ok\{install="lab"\} 1\n/,
    );
    expect(text.endsWith("\n")).toBe(true);
    for (const line of text.trimEnd().split("\n")) {
      expect(line).toMatch(/^(# (HELP|TYPE) slipway_\w+ .+|slipway_\w+\{install="lab"(,\w+="[^"]*")*\} \S+)$/);
    }
  });

  it("says nothing of a metric that has no sample", () => {
    expect(renderExposition([])).toBe("");
    expect(renderExposition(samplesOf(describedLook()))).not.toContain("slipway_wal");
  });
});
