import { describe, expect, it } from "vitest";
import { formatPlatform, matchesPlatform, parsePlatform } from "./descriptor.ts";

describe("parsePlatform", () => {
  it.each(["linux/amd64", "linux/arm64", "linux/arm64/v8", "windows/amd64"])("reads and writes %s", (text) => {
    const platform = parsePlatform(text);

    expect(platform).toBeDefined();
    expect(platform === undefined ? "" : formatPlatform(platform)).toBe(text);
  });

  it.each([
    "",
    "linux",
    "linux/",
    "/amd64",
    "linux/arm64/v8/x",
    "Linux/amd64",
    "linux/../amd64",
    "linux/amd64 ",
    "linux//v8",
  ])("takes %j for none", (text) => {
    expect(parsePlatform(text)).toBeUndefined();
  });
});

describe("matchesPlatform", () => {
  const armV8 = { os: "linux", architecture: "arm64", variant: "v8" };
  const arm = { os: "linux", architecture: "arm64" };

  it("takes any variant where none is asked for, and only that one otherwise", () => {
    expect(matchesPlatform(armV8, arm)).toBe(true);
    expect(matchesPlatform(armV8, armV8)).toBe(true);
    expect(matchesPlatform(arm, armV8)).toBe(false);
    expect(matchesPlatform({ ...armV8, variant: "v7" }, armV8)).toBe(false);
  });

  it("tells systems and architectures apart", () => {
    expect(matchesPlatform({ os: "windows", architecture: "arm64" }, arm)).toBe(false);
    expect(matchesPlatform({ os: "linux", architecture: "amd64" }, arm)).toBe(false);
  });
});
