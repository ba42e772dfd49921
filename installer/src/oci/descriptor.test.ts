import { describe, expect, it } from "vitest";
import { formatPlatform, parsePlatform } from "./descriptor.ts";

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
