import type { CommandInfo } from "../completion/command-tree.ts";
import { describeCommands } from "../completion/command-tree.ts";
import type { CliContext } from "../context.ts";
import { InternalError } from "../../errors/installer-error.ts";
import { buildProgram } from "../program.ts";

/** The command line as data, without a program that could be run. */
export async function describeProgram(): Promise<CommandInfo> {
  return describeCommands(await buildProgram({ context: inertContext(), programArguments: [], perform: refuse }));
}

function refuse(): never {
  throw new InternalError("this program only describes itself");
}

function inertContext(): CliContext {
  const output = { write: () => undefined, isTTY: false, columns: 100 };
  return {
    io: {
      stdout: output,
      stderr: output,
      stdinIsTTY: false,
      env: {},
      cwd: "/",
      isRoot: false,
      homeDir: "/",
      tempDir: "/",
    },
    signal: new AbortController().signal,
    engine: new Proxy({} as CliContext["engine"], { get: refuse }),
    version: "",
    now: () => new Date(0),
    track: { report: () => undefined, close: () => Promise.resolve() },
    sleep: () => Promise.resolve(),
  };
}
