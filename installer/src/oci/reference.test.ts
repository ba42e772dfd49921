import { describe, expect, it } from "vitest";
import { UsageError } from "../errors/installer-error.ts";
import { formatReference, fullTagged, parseReference } from "./reference.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("parseReference", () => {
  it.each([
    ["redis", { host: "docker.io", repository: "library/redis" }],
    ["redis:7.4", { host: "docker.io", repository: "library/redis", tag: "7.4" }],
    ["slipway/postgres:e13e", { host: "docker.io", repository: "slipway/postgres", tag: "e13e" }],
    ["index.docker.io/redis", { host: "docker.io", repository: "library/redis" }],
    ["localhost/a", { host: "localhost", repository: "a" }],
    ["localhost:5000/a:1", { host: "localhost:5000", repository: "a", tag: "1" }],
    ["h.example:5000/a/b/c", { host: "h.example:5000", repository: "a/b/c" }],
    [`h:5000/img@${digest}`, { host: "h:5000", repository: "img", digest }],
    [`h:5000/img:1@${digest}`, { host: "h:5000", repository: "img", tag: "1", digest }],
    ["[::1]:5000/a", { host: "[::1]:5000", repository: "a" }],
    ["a__b/c-d.e_f", { host: "docker.io", repository: "a__b/c-d.e_f" }],
    [`r:${"t".repeat(128)}`, { host: "docker.io", repository: "library/r", tag: "t".repeat(128) }],
  ])("reads %s", (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it.each([
    "",
    ":1",
    "@",
    "Redis",
    "redis:",
    "redis:-x",
    "redis:a b",
    `redis:${"t".repeat(129)}`,
    "redis@sha256:abc",
    `redis@${digest.toUpperCase()}`,
    `redis@sha512:${"a".repeat(128)}`,
    `redis@${digest}@${digest}`,
    "h.example/",
    "h.example//a",
    "/a",
    "a/../b",
    "a/./b",
    "h.example/a%2f..%2fb",
    "https://h.example/a",
    "user:password@h.example/a",
    "h.example:5000000/a",
    "h.example/a\nX: y",
    "h.example/a?x",
    `h.example/${"a".repeat(256)}`,
    "a---/b",
    "a..b",
  ])("refuses %j", (text) => {
    expect(() => parseReference(text)).toThrow(UsageError);
  });

  // Whoever tries again from every character does not come to an end with it.
  it("answers to a name made to be slow", () => {
    expect(() => parseReference(`${"a-".repeat(1_000_000)}!`)).toThrow(UsageError);
  });

  it("is undone by formatReference", () => {
    for (const text of ["docker.io/library/redis:7", `h:5000/a/b:1@${digest}`, `[::1]:1/a@${digest}`]) {
      expect(formatReference(parseReference(text))).toBe(text);
    }
  });
});

describe("fullTagged", () => {
  it("writes host and organisation out and leaves the digest off", () => {
    expect(fullTagged(`redis:7@${digest}`)).toBe("docker.io/library/redis:7");
  });
});
