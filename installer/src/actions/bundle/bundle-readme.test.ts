import { describe, expect, it } from "vitest";
import { formatReadme } from "./bundle-readme.ts";

const request = { name: "slipway-infra", version: "1.2.3", profile: "infra", platforms: ["linux/amd64"], without: [] };

describe("README.txt of a bundle", () => {
  it("has the check by plain minisign before anything of the bundle is run", () => {
    const text = formatReadme({ ...request, signed: true });

    expect(text.indexOf("minisign -V")).toBeGreaterThan(0);
    expect(text.indexOf("sh install.sh")).toBeGreaterThan(text.indexOf("minisign -V"));
    expect(text).toContain("--key release.pub");
    expect(text).not.toContain("unsigned");
  });

  it("says of an unsigned bundle that nothing tells who made it", () => {
    const text = formatReadme({ ...request, signed: false });

    expect(text).toContain("nothing in it tells who made it");
    expect(text).toContain("--allow-unsigned");
    expect(text).not.toContain("minisign");
  });

  it("does not speak of an install where the platform is not in it", () => {
    const { version, platforms, without } = request;

    const text = formatReadme({ name: "slipway-images", version, platforms, without, signed: true });

    expect(text).not.toContain("slipway install");
    expect(text).toContain("slipway bundle load BUNDLE");
  });

  it("says what was left out", () => {
    expect(formatReadme({ ...request, without: ["casdoor"], signed: true })).toContain("made without casdoor");
  });
});
