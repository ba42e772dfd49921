import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import { isatty } from "node:tty";
import { createReadStream, createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { CommandError } from "../errors/installer-error.ts";
import type { ProgramStreams } from "./cluster-ports.ts";
import { childEnvironment, findProgram, withParent } from "./exec.ts";

/** Signals that are handed on to a program on this process's own input and output. */
export type PassedSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

export interface AttachOptions {
  /** Absolute paths of files in place of standard input and output. */
  readonly input?: string | undefined;
  readonly output?: string | undefined;
  /** What to do with a signal outside a terminal, where handing it to the program is not enough. */
  readonly onSignal?: (signal: PassedSignal, pass: () => void) => void;
}

/** Standard input and output of this process, lent to a program. */
export interface Terminal {
  /** Whether a person reads what a program writes there, and types what it reads. */
  isInteractive(): boolean;
  /**
   * Runs a program there to its end; signals that this process gets meanwhile are for it.
   * @returns its exit status; 128 and the signal's number when one ended it
   * @throws CommandError when it cannot be started
   */
  run(command: string, args: readonly string[], options?: AttachOptions): Promise<number>;
  /**
   * Lends it to something that runs elsewhere, until that has ended. The signal aborts when this process gets one that is for it; where a
   * person types, keys are handed on as they are, Ctrl-C too.
   * @returns its exit status; 128 and the signal's number when one ended it
   */
  lend(
    use: (streams: ProgramStreams, signal: AbortSignal) => Promise<number>,
    files?: Pick<AttachOptions, "input" | "output">,
  ): Promise<number>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** File descriptors in place of this process's own; tests hand in others. */
interface TerminalStreams {
  readonly input: number;
  readonly output: number;
  readonly errors: number;
}

const passedSignals: readonly PassedSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];
/** What shells add to a signal's number for the status of a program that it ended. */
const endedBySignal = 128;

/** Starts programs on this process's own input and output. */
export function createTerminal(
  env: Environment,
  streams: TerminalStreams = { input: 0, output: 1, errors: 2 },
): Terminal {
  const isInteractive = (): boolean => isatty(streams.input) && isatty(streams.output);
  return {
    isInteractive,
    run: async (command, args, options = {}) => {
      const environment = childEnvironment(env);
      if (findProgram(command, environment["PATH"]) === undefined) {
        throw new CommandError(`${command} is not installed`, {
          hint: `install ${command}, or add its folder to PATH`,
        });
      }
      const opened = openFiles(options, streams);
      const shares = isInteractive() && opened.files.length === 0;
      try {
        return await untilEnd(command, { ...options, shares }, () => {
          const [file, argv] = withParent(env, command, args);
          return spawn(file, argv, {
            stdio: [opened.input, opened.output, streams.errors],
            env: environment,
            // In a terminal it shares our group: what is typed, Ctrl-C too, and a changed window go to it directly. Elsewhere a signal
            // reaches us alone, and it gets each one once.
            detached: !shares,
          });
        });
      } finally {
        for (const file of opened.files) closeSync(file);
      }
    },
    lend: (use, files = {}) =>
      lendStreams(use, files, isInteractive() && files.input === undefined && files.output === undefined),
  };
}

async function lendStreams(
  use: (streams: ProgramStreams, signal: AbortSignal) => Promise<number>,
  files: Pick<AttachOptions, "input" | "output">,
  isTyped: boolean,
): Promise<number> {
  const stopped = new AbortController();
  let got: PassedSignal | undefined;
  const stop = (signal: PassedSignal): void => {
    got = signal;
    stopped.abort();
  };
  const input = files.input === undefined ? process.stdin : createReadStream(files.input);
  const output = files.output === undefined ? process.stdout : createWriteStream(files.output, { mode: 0o600 });
  for (const signal of passedSignals) process.on(signal, stop);
  if (isTyped) process.stdin.setRawMode(true);
  try {
    return await use({ input, output, errors: process.stderr, terminal: isTyped }, stopped.signal);
  } catch (error) {
    if (got === undefined) throw error;
    return endedBySignal + constants.signals[got];
  } finally {
    if (isTyped) process.stdin.setRawMode(false);
    for (const signal of passedSignals) process.off(signal, stop);
    // A person's input that nobody reads any more would keep the program from ending.
    if (input !== process.stdin) input.destroy();
    else {
      process.stdin.pause();
      // Of a file there is nothing to wait for.
      if ("unref" in process.stdin) process.stdin.unref();
    }
    if (output !== process.stdout) await finished(output.end());
  }
}

interface OpenedFiles {
  readonly input: number;
  readonly output: number;
  readonly files: readonly number[];
}

function openFiles({ input, output }: AttachOptions, streams: TerminalStreams): OpenedFiles {
  const from = input === undefined ? undefined : openSync(input, "r");
  const to = output === undefined ? undefined : openSync(output, "w", 0o600);
  return {
    input: from ?? streams.input,
    output: to ?? streams.output,
    files: [from, to].filter((file) => file !== undefined),
  };
}

/** Signals are listened for before it starts: it may be quick, and a person, too. */
async function untilEnd(
  command: string,
  { shares, onSignal }: AttachOptions & { readonly shares: boolean },
  start: () => ChildProcess,
): Promise<number> {
  let child: ChildProcess | undefined;
  const pass = (signal: PassedSignal): void => {
    // The terminal has sent it to the whole group, or the program reads it as a key.
    if (shares && signal === "SIGINT") return;
    if (shares || onSignal === undefined) child?.kill(signal);
    else onSignal(signal, () => child?.kill(signal));
  };
  for (const signal of passedSignals) process.on(signal, pass);
  try {
    const started = (child = start());
    return await new Promise<number>((resolve, reject) => {
      started.once("error", (cause) => reject(new CommandError(`${command} could not be started`, { cause })));
      started.once("exit", (status, signal) =>
        resolve(status ?? endedBySignal + (signal === null ? 0 : constants.signals[signal])),
      );
    });
  } finally {
    for (const signal of passedSignals) process.off(signal, pass);
  }
}
