import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTerminal } from "./terminal.ts";

let folder: string;
const opened: number[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-terminal-"));
});
afterEach(() => {
  for (const file of opened.splice(0)) closeSync(file);
  rmSync(folder, { recursive: true });
});

function open(name: string, flags: "r" | "w", contents = ""): number {
  const path = join(folder, name);
  if (flags === "r") writeFileSync(path, contents);
  const file = openSync(path, flags);
  opened.push(file);
  return file;
}

function said(name: string): string {
  return readFileSync(join(folder, name), "utf8");
}

/** A terminal whose input is a text and whose outputs are files. */
function terminalOf(input = "", env: Readonly<Record<string, string | undefined>> = process.env) {
  return createTerminal(env, { input: open("in", "r", input), output: open("out", "w"), errors: open("err", "w") });
}

describe("a program on this process's own input and output", () => {
  it("reads and writes there, and gives its status", async () => {
    const status = await terminalOf("one\ntwo\n").run("sh", ["-c", "cat; echo wrong >&2; exit 3"]);

    expect({ status, out: said("out"), err: said("err") }).toEqual({ status: 3, out: "one\ntwo\n", err: "wrong\n" });
  });

  it("has the status of a shell when a signal ended it", async () => {
    expect(await terminalOf().run("sh", ["-c", "kill -TERM $$"])).toBe(143);
  });

  it("reads and writes files that are named in place of them", async () => {
    const [input, output] = [join(folder, "given"), join(folder, "taken")];
    writeFileSync(input, "contents");

    await terminalOf("not this").run("cat", [], { input, output });

    expect([said("taken"), said("out")]).toEqual(["contents", ""]);
  });

  it("sees of the environment no more than other programs do", async () => {
    await terminalOf("", { ...process.env, MY_SECRET: "hunter2" }).run("sh", ["-c", "env"]);

    expect(said("out")).not.toContain("hunter2");
  });

  it("that is not there is named", async () => {
    await expect(terminalOf().run("no-such-program", [])).rejects.toMatchObject({
      message: "no-such-program is not installed",
    });
  });
});

/** A program of ours that runs a script on its own input and output, and ends as that does. */
function attaching(script: string, options = "{}"): string {
  const module = fileURLToPath(new URL("terminal.ts", import.meta.url));
  const program = join(folder, "attach.mjs");
  writeFileSync(
    program,
    `import { createTerminal } from ${JSON.stringify(module)};
const terminal = createTerminal(process.env);
process.stdout.write(terminal.isInteractive() ? "interactive\\n" : "not\\n");
process.exitCode = await terminal.run("sh", ["-c", ${JSON.stringify(script)}], ${options});`,
  );
  return program;
}

describe("signals", () => {
  it.each(["INT", "TERM", "HUP"])("%s is for the program, once, where there is no terminal", (signal) => {
    const script = `trap 'echo got; exit 9' ${signal}; kill -${signal} $PPID; while :; do sleep 0.05; done`;
    const { stdout, status } = spawnSync(process.execPath, [attaching(script)], { encoding: "utf8" });

    expect({ stdout, status }).toEqual({ stdout: "not\ngot\n", status: 9 });
  });

  it("are somebody else's to deliver where the program is not enough", () => {
    const onSignal = '{ onSignal: (signal, pass) => { process.stdout.write(signal + "\\n"); pass(); } }';
    const script = "trap 'exit 9' INT; kill -INT $PPID; while :; do sleep 0.05; done";
    const { stdout, status } = spawnSync(process.execPath, [attaching(script, onSignal)], { encoding: "utf8" });

    expect({ stdout, status }).toEqual({ stdout: "not\nSIGINT\n", status: 9 });
  });
});

describe("where a person sits", () => {
  it("the program has the terminal, and Ctrl-C goes to it alone", () => {
    // The signal of a terminal goes to its whole foreground group; without a handler of ours this process would end, too.
    const script = "test -t 0 && test -t 1 && echo has it; trap 'exit 9' INT; kill -INT 0; sleep 5";
    // `exec`: a shell that waited would be of that group; some end by the signal themselves.
    const command = `exec ${process.execPath} ${attaching(script)}`;
    const words = ["--quiet", "--return", "--command", command, "/dev/null"];
    const { stdout, status } = spawnSync("script", words, { encoding: "utf8", input: "" });

    expect(stdout.replaceAll("\r", "")).toContain("interactive\nhas it\n");
    expect(status).toBe(9);
  });
});
