import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { declareHarborOptions, type HarborFlags, toHarborOptions } from "./harbor-options.ts";

function read(...argv: readonly string[]) {
  const command = declareHarborOptions(new Command("push"))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  command.parse([...argv], { from: "user" });
  return toHarborOptions(command.opts<HarborFlags>(), "/home/me");
}

describe("declareHarborOptions", () => {
  it("wants nothing unless told", () => {
    expect(read()).toEqual({ immutable: false });
  });

  it("reads all of them", () => {
    expect(
      read("--harbor-immutable", "--harbor-retain", "5", "--harbor-robot", "pull", "--harbor-storage-limit", "200GiB"),
    ).toEqual({
      immutable: true,
      retain: 5,
      robot: { name: "pull", file: "/home/me/pull/config.json" },
      storageLimit: 200 * 1024 ** 3,
    });
  });

  it("takes a file for the secret, and no limit", () => {
    expect(read("--harbor-robot", "pull", "--harbor-robot-file", "/etc/x.json").robot?.file).toBe("/etc/x.json");
    expect(read("--harbor-storage-limit=-1").storageLimit).toBe(-1);
  });

  it.each([
    [["--harbor-robot", "Robot$X"], "is no name for a robot account"],
    [["--harbor-robot", "../x"], "is no name for a robot account"],
    [["--harbor-robot-file", "x.json"], "--harbor-robot-file was given without --harbor-robot"],
    [["--harbor-retain", "0"], "argument '0' is invalid"],
    [["--harbor-storage-limit", "much"], "argument 'much' is invalid"],
  ])("refuses %j", (argv, message) => {
    expect(() => read(...argv)).toThrow(message);
  });
});
