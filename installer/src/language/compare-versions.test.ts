import { describe, expect, it } from "vitest";
import { compareVersions, isOlder } from "./compare-versions.ts";

describe("the order of versions", () => {
  it("is that of SemVer's own example", () => {
    const sorted = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"];
    const all = [...sorted, "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0"];

    expect(all.toReversed().toSorted(compareVersions)).toEqual(all);
  });

  it("takes a leading v, missing numbers and build metadata", () => {
    expect(compareVersions("v24.0", "24.0.0")).toBe(0);
    expect(compareVersions("1.0.0+a", "1.0.0+b")).toBe(0);
    expect(compareVersions("1.0.0-rc-1", "1.0.0")).toBeLessThan(0);
  });
});

describe("a program that is too old", () => {
  it.each([
    ["26.1.5+dfsg1", "26.0", false],
    ["24.0.0-0ubuntu1~22.04.1", "24.0.0", false],
    ["20.10.24", "24", true],
    ["v2.23.3", "2.24", true],
    ["2.24", "2.24", false],
    ["3", "2.24", false],
    ["nonsense", "2.24", true],
  ])("%s before %s is %s", (version, than, expected) => {
    expect(isOlder(version, than)).toBe(expected);
  });
});
