import { spawn } from "node:child_process";
import { ToolboxError } from "../errors.ts";

export interface ProgramOptions {
  /** Everything that the program finds in its environment, beside PATH. */
  readonly environment: Readonly<Record<string, string>>;
  /** Takes the standard output as it comes; without it the output is collected. */
  readonly onOutput?: (chunk: Buffer) => void;
  /** Takes each line of the standard error as it comes. */
  readonly onErrorLine?: (line: string) => void;
  /** Whether a line of the standard error says that nothing can come of the program any more: then it is ended. */
  readonly isHopeless?: (line: string) => boolean;
}

export interface ProgramEnd {
  /** Exit code, or the name of the signal that ended the program. */
  readonly code: number | string;
  /** Empty when somebody took it as it came. */
  readonly output: Buffer;
  /** The last 20,000 characters of the standard error. */
  readonly errors: string;
}

/**
 * Runs a program of this image to its end, without a shell; how it ended is in the result.
 * @throws ToolboxError when it cannot be started
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { environment, onOutput, onErrorLine, isHopeless }: ProgramOptions,
): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...programPath(), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output: Buffer[] = [];
    let errors = "";
    const lines = lineSplitter((line) => {
      onErrorLine?.(line);
      // Asked to end, it might try to tidy up where nothing can be done, for as long.
      if (isHopeless?.(line) === true) child.kill("SIGKILL");
    });
    child.stdout.on("data", onOutput ?? ((chunk: Buffer) => void output.push(chunk)));
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      errors = (errors + part).slice(-20_000);
      lines(part);
    });
    child.on("error", (error) => reject(cannotRun(program, error)));
    child.on("close", (code, signal) => {
      lines("\n");
      resolve({ code: code ?? signal ?? "unknown", output: Buffer.concat(output), errors });
    });
  });
}

/** The error of a program that could not be started. */
export function cannotRun(program: string, error: Error): ToolboxError {
  const advice = `${program} has to be in the toolbox's image`;
  return new ToolboxError(`cannot run ${program}: ${error.message}`, { cause: error, advice });
}

/** Where programs are found: nothing else of this program's environment is for others. */
export function programPath(): { readonly PATH: string } {
  return { PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin" };
}

/** Gives each line, without its end, of a text that comes in pieces; empty lines are left out. */
export function lineSplitter(take: (line: string) => void): (part: string) => void {
  let rest = "";
  return (part) => {
    const lines = (rest + part).split(/[\r\n]/);
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") take(line);
  };
}

/** The last lines of what a program wrote, as one. */
export function lastLines(text: string, count = 3): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines
    .slice(-count)
    .map((line) => line.trim())
    .join(" | ");
}
