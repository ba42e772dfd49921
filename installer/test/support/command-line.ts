import { fileURLToPath } from "node:url";
import { startChild } from "./child.ts";
import type { ChildOptions, ChildResult, RunningChild } from "./child.ts";
import { schemaProblems } from "./json-schemas.ts";

const program = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** What it reads from standard input. */
  readonly input?: string;
}

/** The real command line for one install, in one state directory. */
export interface CommandLine {
  /** The install's. */
  readonly name: string;
  /** Temporary directory of this install; also the working directory of its commands. */
  readonly folder: string;
  readonly stateDir: string;
  /** What every command of it has written so far. */
  readonly output: readonly string[];
  /** Starts a command; `install`, `plan`, `validate`, `render` and `doctor` get the install's values. */
  start(args: readonly string[], options?: RunOptions): RunningChild;
  run(args: readonly string[], options?: RunOptions): Promise<ChildResult>;
  /** Runs a command that has to end with the given status and gives what it printed with `--json`. */
  json<T>(args: readonly string[], exitCode?: number): Promise<T>;
  /** Ends every program of it. */
  kill(): Promise<void>;
}

export interface CommandLineOptions extends Pick<CommandLine, "name" | "folder" | "stateDir"> {
  /** Arguments about the values. */
  readonly values: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

const valuesCommands = new Set(["install", "plan", "validate", "render", "doctor"]);

export function createCommandLine({ name, folder, stateDir, values, environment }: CommandLineOptions): CommandLine {
  const running = new Set<RunningChild>();
  const output: string[] = [];

  function start(args: readonly string[], { environment: more, input }: RunOptions = {}): RunningChild {
    const given = valuesCommands.has(args[0] ?? "") ? values : [];
    const identity = ["--name", name, "--state-dir", stateDir];
    const options: ChildOptions = { cwd: folder, env: { ...environment, NO_COLOR: "1", CI: "1", ...more } };
    const child = startChild(process.execPath, [program, ...identity, ...given, ...args], {
      ...options,
      ...(input !== undefined && { input }),
    });
    running.add(child);
    const forget = (result?: ChildResult): void => {
      running.delete(child);
      if (result !== undefined) output.push(`$ slipway ${args.join(" ")}\n`, result.stdout, result.stderr);
    };
    child.ended.then(forget, () => forget());
    return child;
  }

  const run = (args: readonly string[], more?: RunOptions): Promise<ChildResult> => start(args, more).ended;
  return {
    name,
    folder,
    stateDir,
    output,
    start,
    run,
    json: async <T>(args: readonly string[], exitCode = 0) => {
      const result = await run([...args, "--json"]);
      if (result.exitCode !== exitCode) {
        throw new Error(`slipway ${args.join(" ")} ended with ${String(result.exitCode)}:\n${result.stderr}`);
      }
      const printed = JSON.parse(result.stdout) as T;
      const problems = schemaProblems(printed);
      if (problems.length > 0) throw new Error(`slipway ${args.join(" ")} prints another JSON: ${problems.join("; ")}`);
      return printed;
    },
    kill: async () => {
      for (const child of running) child.process.kill("SIGKILL");
      await Promise.allSettled([...running].map((child) => child.ended));
    },
  };
}
