import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { componentWords } from "../../plan/component-names.ts";
import { describeProgram } from "../docs/describe-program.ts";
import { completionScript } from "./scripts.ts";

describe("the bash completion, in a real bash", () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "slipway-completion-"));
    writeFileSync(join(folder, "completion.bash"), completionScript("bash", await describeProgram(), componentWords()));
    writeFileSync(join(folder, "my-values.yaml"), "");
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

  it("offers the revisions that the install has, by asking for those of the one that is named", () => {
    const program = join(folder, "slipway");
    writeFileSync(program, '#!/bin/sh\n[ "$*" = "history --quiet --name try" ] && printf "3\\n14\\n15\\n"\n', {
      mode: 0o755,
    });

    expect(complete(program, "--name", "try", "diff", "1")).toEqual(["14", "15"]);
    expect(complete(program, "--name", "try", "bundle", "diff", "1")).toEqual([]);
    expect(complete(program, "diff", "1")).toEqual([]);
  });

  it("offers shells to completion", () => {
    expect(complete("slipway", "completion", "")).toEqual(expect.arrayContaining(["bash", "zsh", "fish"]));
  });
});

describe("the other scripts", () => {
  it("give zsh the same through its bash emulation", async () => {
    const script = completionScript("zsh", await describeProgram(), componentWords());

    expect(script).toMatch(/^#compdef slipway\n/);
    expect(script).toContain("complete -F _slipway slipway");
  });

  it("give fish each command and option with its words", async () => {
    const script = completionScript("fish", await describeProgram(), componentWords());

    expect(script).toContain("-a 'install' -d 'bring the platform to the state the values describe'");
    expect(script).toMatch(/__fish_seen_subcommand_from diff.* -a '\(slipway history --quiet 2>\/dev\/null\)'/);
    expect(script).toMatch(/__fish_seen_subcommand_from render.* -l mode -x -a 'compose helm'/);
  });
});
