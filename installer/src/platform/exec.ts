import { accessSync, constants } from "node:fs";
import { CommandError, InterruptedError } from "../errors/installer-error.ts";
import type { Exec, RunOptions, RunResult } from "./ports.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What a child may see of our environment: where things are and how to reach them, nothing else. */
const passedOn =
  /^(PATH|HOME|USER|LOGNAME|LANG|LC_ALL|TERM|TMPDIR|TZ|XDG_[A-Z_]+|DOCKER_[A-Z_]+|BUILDKIT_[A-Z_]+|BUILDX_[A-Z_]+|SSH_AUTH_SOCK|SSL_CERT_(FILE|DIR)|(https?|no|all|ftp)_proxy)$/i;
const forceKillMs = 5000;
const linesKept = 30;

/** Starts programs by argument vector, in a session of their own that ends with us. */
export function createExec(env: Environment): Exec {
  return { run: (command, args, options) => run(env, command, args, options) };
}

/** Of our environment what a child may see. */
export function childEnvironment(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => passedOn.test(name)));
}

/** A program as it has to be started to die with us even when we are killed outright; util-linux has it on every supported distribution. */
export function withParent(
  env: Environment,
  command: string,
  args: readonly string[],
): readonly [file: string, args: readonly string[]] {
  const hasSetpriv = findProgram("setpriv", env["PATH"]) !== undefined;
  return hasSetpriv ? ["setpriv", ["--pdeathsig", "KILL", command, ...args]] : [command, args];
}

async function run(
  env: Environment,
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { execa } = await import("execa");
  const environment = { ...childEnvironment(env), ...options.env };
  if (findProgram(command, environment["PATH"]) === undefined) {
    throw new CommandError(`${command} is not installed`, { hint: `install ${command}, or add its folder to PATH` });
  }
  const [file, argv] = withParent(env, command, args);
  const child = execa(file, argv, {
    env: environment,
    extendEnv: false,
    // A session of its own: Ctrl-C in the terminal reaches us only, and we decide what happens to the child.
    detached: true,
    cleanup: false,
    reject: false,
    stripFinalNewline: false,
    forceKillAfterDelay: forceKillMs,
    maxBuffer: 64 * 1024 * 1024,
    ...(options.stdin === undefined ? { stdin: "ignore" as const } : { input: options.stdin }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  });
  const readers = [];
  if (options.onLine !== undefined) {
    const { onLine } = options;
    readers.push(eachLine(child.iterable({ from: "stdout" }), (line) => onLine(line, "stdout")));
    readers.push(eachLine(child.iterable({ from: "stderr" }), (line) => onLine(line, "stderr")));
  }
  const result = await child;
  await Promise.all(readers);
  return finished(command, args, options, result);
}

interface ChildResult {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly isCanceled: boolean;
  readonly timedOut: boolean;
  readonly stdout: unknown;
  readonly stderr: unknown;
  readonly cause?: unknown;
}

function finished(command: string, args: readonly string[], options: RunOptions, result: ChildResult): RunResult {
  const stdout = asText(result.stdout);
  const stderr = asText(result.stderr);
  const name = args[0] === undefined || args[0].startsWith("-") ? command : `${command} ${args[0]}`;
  const details = lastLines(`${stdout}\n${stderr}`);
  if (result.isCanceled) throw new InterruptedError(`${name} was interrupted`, { details });
  if (result.timedOut) throw new CommandError(`${name} took longer than ${options.timeoutMs ?? 0} ms`, { details });
  if (result.exitCode === undefined) {
    const why = result.signal === undefined ? "could not be started" : `was ended by ${result.signal}`;
    throw new CommandError(`${name} ${why}`, { details, cause: result.cause });
  }
  if (result.exitCode !== 0 && options.allowFailure !== true) {
    throw new CommandError(`${name} failed with exit status ${result.exitCode}`, { details });
  }
  return { exitCode: result.exitCode, stdout, stderr };
}

async function eachLine(lines: AsyncIterable<unknown>, onLine: (line: string) => void): Promise<void> {
  for await (const line of lines) onLine(String(line));
}

function asText(output: unknown): string {
  return typeof output === "string" ? output : "";
}

function lastLines(output: string): readonly string[] {
  return output
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-linesKept);
}

/** Where a program lies on the PATH. */
export function findProgram(name: string, path: string | undefined): string | undefined {
  const candidates = name.includes("/") ? [name] : (path ?? "/usr/bin:/bin").split(":").map((dir) => `${dir}/${name}`);
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
