import { describe, expect, it } from "vitest";
import { compareVersions } from "./compare-versions.ts";

describe("the order of versions", () => {
  it("is that of SemVer's own example", () => {
    const sorted = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"];
    const all = [...sorted, "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0"];

    expect(all.toReversed().toSorted(compareVersions)).toEqual(all);
  });

  it("takes the versions that engines have", () => {
    expect(compareVersions("26.1.5+dfsg1", "24.0.0")).toBeGreaterThan(0);
    expect(compareVersions("20.10.24", "24.0.0")).toBeLessThan(0);
    expect(compareVersions("v24.0", "24.0.0")).toBe(0);
  });
});
