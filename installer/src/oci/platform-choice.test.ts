import { describe, expect, it } from "vitest";
import { parsePlatform, type Platform } from "./descriptor.ts";
import { choosePlatform, matchesPlatform } from "./platform-choice.ts";

function platform(text: string): Platform {
  const [name = "", osVersion] = text.split(" ");
  const parsed = parsePlatform(name);
  if (parsed === undefined) throw new Error(`${text} is no platform`);
  return osVersion === undefined ? parsed : { ...parsed, osVersion };
}

const choose = (offers: readonly string[], wanted: string): string | undefined =>
  choosePlatform(offers, platform, platform(wanted));

describe("the platform chosen", () => {
  it.each([
    ["linux/amd64", ["linux/amd64/v3", "linux/amd64/v2", "linux/amd64"], "linux/amd64"],
    ["linux/amd64", ["linux/amd64/v3", "linux/amd64/v1"], "linux/amd64/v1"],
    ["linux/amd64/v3", ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"], "linux/amd64/v2"],
    ["linux/arm", ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"], "linux/arm/v7"],
    ["linux/arm", ["linux/arm/v8", "linux/arm/v5", "linux/arm/v6"], "linux/arm/v6"],
    ["linux/arm/v6", ["linux/arm/v7", "linux/arm/v5"], "linux/arm/v5"],
    ["linux/arm/v6", ["linux/arm"], undefined],
    ["linux/arm64", ["linux/arm64/v8"], "linux/arm64/v8"],
    ["linux/arm64/v8", ["linux/arm64"], "linux/arm64"],
    ["linux/arm64", ["linux/arm64/v9", "linux/arm64/v8.1"], undefined],
    ["linux/arm64/v9", ["linux/arm64", "linux/arm64/v8.5", "linux/arm64/v8.6"], "linux/arm64/v8.5"],
    ["linux/arm64", ["linux/arm/v7"], undefined],
    ["linux/amd64", ["linux/386"], undefined],
    ["linux/s390x", ["windows/s390x", "linux/s390x"], "linux/s390x"],
    ["linux/riscv64", ["linux/riscv64/rva22"], undefined],
    ["linux/aarch64", ["linux/arm64"], "linux/arm64"],
    [
      "windows/amd64",
      ["windows/amd64 10.0.20348.2340", "windows/amd64 10.0.20348.2700", "windows/amd64"],
      "windows/amd64 10.0.20348.2700",
    ],
    ["linux/amd64", ["linux/amd64 5.1.0.1", "linux/amd64 5.1.0.9"], "linux/amd64 5.1.0.1"],
  ])("for %s of %j is %s", (wanted, offers, chosen) => {
    expect(choose(offers, wanted)).toBe(chosen);
  });

  it("is never one that the index tells nothing of", () => {
    expect(
      choosePlatform(
        [undefined, "linux/amd64"],
        (text) => (text === undefined ? text : platform(text)),
        platform("linux/amd64"),
      ),
    ).toBe("linux/amd64");
  });
});

describe("matchesPlatform", () => {
  it("tells systems, architectures and variants apart", () => {
    expect(matchesPlatform(platform("linux/arm64/v8"), platform("linux/arm64"))).toBe(true);
    expect(matchesPlatform(platform("linux/amd64/v3"), platform("linux/amd64"))).toBe(false);
    expect(matchesPlatform(platform("windows/arm64"), platform("linux/arm64"))).toBe(false);
    expect(matchesPlatform(platform("linux/amd64"), platform("linux/arm64"))).toBe(false);
  });
});
