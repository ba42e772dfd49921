import { describe, expect, it } from "vitest";
import { parseCommandLine } from "./command-line.ts";
import { hubCommands, portalCommands, programs } from "./programs.ts";

const options = ["log-level", "log-format", "config"];

describe("command lines of the hub", () => {
  it.each(programs.map(({ path }) => path).concat("migration init", "migration migrate"))("%s", (path) => {
    const words = [...path.split(" "), "--log-format", "json", "--config", "/run/hub.toml"];
    expect(parseCommandLine(hubCommands, words, options)).toEqual({
      kind: "run",
      path,
      flags: { level: "info", format: "json", config: "/run/hub.toml" },
    });
  });

  it.each([
    ["before the command", ["-l", "warn", "start", "server"]],
    ["behind it", ["start", "server", "-l", "warn"]],
    ["in one word", ["start", "server", "-lwarn"]],
    ["with an equals sign", ["start", "--log-level=warn", "server"]],
  ])("a flag %s", (_, words) => {
    expect(parseCommandLine(hubCommands, words, options)).toMatchObject({
      path: "start server",
      flags: { level: "warn" },
    });
  });

  it.each([
    ["a command nobody knows", ["nonsense"], 'unknown command "nonsense" for "csghub-server"'],
    ["a flag nobody knows", ["start", "server", "--nope"], "unknown flag: --nope"],
    ["a flag of another command", ["start", "rproxy", "--swagger"], "unknown flag: --swagger"],
    ["a short flag nobody knows", ["start", "server", "-z"], "unknown shorthand flag: 'z' in -z"],
    ["a flag without its value", ["start", "server", "--config"], "flag needs an argument: --config"],
  ])("%s is refused", (_, words, message) => {
    expect(() => parseCommandLine(hubCommands, words, options)).toThrow(message);
  });

  it("prints the help of a command without one of those below it, as cobra does", () => {
    expect(parseCommandLine(hubCommands, ["user", "nonsense"], options)).toMatchObject({ kind: "help" });
    expect(parseCommandLine(hubCommands, [], options)).toMatchObject({ kind: "help" });
  });
});

describe("command lines of the portal", () => {
  it.each(["migration init", "migration migrate", "db seed", "start server"])("%s", (path) => {
    const words = path.split(" ");
    expect(parseCommandLine(portalCommands, words, options.slice(0, 2))).toMatchObject({ kind: "run", path });
  });

  it("has no file of settings", () => {
    const words = ["start", "server", "--config", "x"];
    expect(() => parseCommandLine(portalCommands, words, options.slice(0, 2))).toThrow("unknown flag: --config");
  });
});
