import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { ChildProcess } from "node:child_process";

export interface ChildResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface RunningChild {
  readonly pid: number;
  readonly process: ChildProcess;
  /** What it has written to standard error so far. */
  stderr(): string;
  /** Settles when it has ended, however it ended. */
  readonly ended: Promise<ChildResult>;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Readable;
}

/** Starts a program without a shell. */
export function startChild(file: string, args: readonly string[], options: ChildOptions = {}): RunningChild {
  const begin = performance.now();
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
  if (typeof options.input === "string") child.stdin?.end(options.input);
  else if (child.stdin !== null) options.input?.pipe(child.stdin);
  const ended = new Promise<ChildResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, signal) =>
      resolve({
        exitCode,
        signal,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
        ms: performance.now() - begin,
      }),
    );
  });
  return { pid: child.pid ?? 0, process: child, stderr: () => Buffer.concat(stderr).toString(), ended };
}

/** Runs a program to its end; a failure is in the result. */
export function runChild(file: string, args: readonly string[], options: ChildOptions = {}): Promise<ChildResult> {
  return startChild(file, args, options).ended;
}

/**
 * Runs a program that has to succeed and gives its standard output.
 * @throws {Error} with what it wrote when it does not
 */
export async function mustRun(file: string, args: readonly string[], options: ChildOptions = {}): Promise<string> {
  const result = await runChild(file, args, options);
  if (result.exitCode === 0) return result.stdout;
  throw new Error(
    `${[file, ...args].join(" ")} ended with ${result.exitCode ?? result.signal ?? "?"}:\n${result.stderr}\n${result.stdout}`,
  );
}
