import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeProgram } from "../docs/describe-program.ts";
import { completionScript } from "./scripts.ts";
import { fixedWords } from "./word-sources.ts";

describe("the bash completion, in a real bash", () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "slipway-completion-"));
    writeFileSync(join(folder, "completion.bash"), completionScript("bash", await describeProgram(), fixedWords()));
    writeFileSync(join(folder, "my-values.yaml"), "");
    // The program as the script calls it: what it was asked, and one word of each kind.
    const program = '#!/bin/sh\necho "$@" >> asked\nprintf "%s-one %s-two\\n" "$4" "$4"\n';
    writeFileSync(join(folder, "slipway"), program, { mode: 0o755 });
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function complete(...words: readonly string[]): readonly string[] {
    const script = `source ./completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _slipway; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const result = spawnSync("bash", ["-c", script, "bash", ...words], { cwd: folder, encoding: "utf8" });
    expect(result.stderr).toBe("");
    return result.stdout.split("\n").filter((line) => line !== "");
  }

  it("is registered for slipway", () => {
    const result = spawnSync("bash", ["-c", "source ./completion.bash; complete -p slipway"], {
      cwd: folder,
      encoding: "utf8",
    });

    expect(result.stdout.trim()).toBe("complete -F _slipway slipway");
  });

  it("offers commands, and only those that begin so", () => {
    expect(complete("slipway", "in")).toEqual(["init", "install"]);
  });

  it("offers a command's own options and the global ones", () => {
    expect(complete("slipway", "plan", "--")).toEqual(
      expect.arrayContaining(["--offline", "--exit-code", "--json", "--help"]),
    );
    expect(complete("slipway", "status", "--")).not.toContain("--offline");
  });

  it("finds the command behind options with values", () => {
    expect(complete("slipway", "--name", "install", "secrets", "")).toEqual(expect.arrayContaining(["list", "show"]));
  });

  it("offers the choices of an option", () => {
    expect(complete("slipway", "render", "--mode", "h")).toEqual(["helm"]);
  });

  it("offers files where a file is wanted", () => {
    expect(complete("slipway", "validate", "-f", "my-")).toEqual(["my-values.yaml"]);
  });

  it("offers components where one is meant, and to leave out only those that the platform works without", () => {
    expect(complete("slipway", "restart", "ga")).toEqual(["gateway"]);
    expect(complete("slipway", "logs", "mi")).toEqual(["minio"]);
    expect(complete("slipway", "install", "--without", "g")).toEqual(["gitlab-shell"]);
  });

  it("offers keys of the values, to set those that hold a value", () => {
    expect(complete("slipway", "install", "--set", "postgres.resources.m")).toEqual(["postgres.resources.memory="]);
    expect(complete("slipway", "values", "show", "postgres.res")).toContain("postgres.resources");
    expect(complete("slipway", "install", "--set", "postgres.replicas", "=")).toEqual([]);
  });

  it.each<readonly [string, readonly string[]]>([
    ["installs", ["status", "--name"]],
    ["secrets", ["secrets", "show"]],
    ["jobs", ["run"]],
    ["databases", ["psql"]],
    ["logins", ["s3", "ls", "--login"]],
    ["addresses", ["open"]],
    ["revisions", ["diff"]],
    ["topics", ["explain"]],
  ])("asks for %s when a key is pressed", (kind, words) => {
    expect(complete("./slipway", ...words, `${kind}-t`)).toEqual([`${kind}-two`]);
  });

  it("asks about the install that the line is about", () => {
    complete("./slipway", "--name", "two", "run", "--state-dir", "/srv/x", "");

    const asked = readFileSync(join(folder, "asked"), "utf8").trimEnd().split("\n");
    expect(asked.at(-1)).toBe("completion bash --words jobs --name two --state-dir /srv/x");
  });

  it("offers nothing of its own behind --, where another program's words stand", () => {
    expect(complete("slipway", "exec", "redis", "--", "")).toEqual([]);
    expect(complete("slipway", "exec", "red")).toEqual(["redis"]);
  });

  it("offers shells to completion", () => {
    expect(complete("slipway", "completion", "")).toEqual(expect.arrayContaining(["bash", "zsh", "fish"]));
  });
});

describe("the other scripts", () => {
  it("give zsh the same through its bash emulation", async () => {
    const script = completionScript("zsh", await describeProgram(), fixedWords());

    expect(script).toMatch(/^#compdef slipway\n/);
    expect(script).toContain("complete -F _slipway slipway");
  });

  it("give fish each command and option with its words", async () => {
    const script = completionScript("fish", await describeProgram(), fixedWords());

    expect(script).toContain("-a 'install' -d 'bring the platform to the state the values describe'");
    expect(script).toMatch(/__fish_seen_subcommand_from render.* -l mode -x -a 'compose helm'/);
    expect(script).toMatch(/__fish_seen_subcommand_from run' -a '\(__slipway_ask jobs\)'/);
    expect(script).toMatch(/-l name -x -a '\(__slipway_ask installs\)'/);
    expect(script).toContain("completion fish --words");
  });
});
