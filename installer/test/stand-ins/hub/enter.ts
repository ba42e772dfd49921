import { type Command, type Flags, parseCommandLine, UsageError } from "./command-line.ts";
import { type Log, openLog } from "./log.ts";
import { StartRefusal } from "./start-refusal.ts";

/** Ends what a program that serves holds open. */
export type Close = () => Promise<void>;

export interface Entry {
  readonly commands: Command;
  /** Long names of the flags with a value. */
  readonly options: readonly string[];
  readonly words: readonly string[];
  /** Does what the command says; a function when it goes on serving. */
  readonly run: (path: string, flags: Flags, log: Log) => Promise<Close | undefined>;
  readonly write: (line: string) => void;
  readonly complain: (line: string) => void;
}

/** What came of a command: the exit status of one that is done, or how to end one that serves. */
export type Outcome = { readonly status: number } | { readonly close: Close };

const levels: ReadonlySet<string> = new Set(["debug", "info", "warn", "error"]);

/** Runs a command line. Refusals are one line, `Error: …` with exit status 1, or `panic: …` with Go's 2. */
export async function enter({ commands, options, words, run, write, complain }: Entry): Promise<Outcome> {
  try {
    const invocation = parseCommandLine(commands, words, options);
    if (invocation.kind === "help") {
      write(invocation.text);
      return { status: 0 };
    }
    const { path, flags } = invocation;
    const level = levels.has(flags.level.toLowerCase()) ? flags.level.toUpperCase() : "INFO";
    if (level !== flags.level.toUpperCase()) write("input invalid log level, use default log level INFO");
    write(`init logger, level: ${level}, format: ${flags.format}`);
    const log = openLog(flags.format, write);
    log("this is Slipway's stand-in for CSGHub, made for tests; it is not CSGHub");
    const close = await run(path, flags, log);
    return close === undefined ? { status: 0 } : { close };
  } catch (error) {
    const panics = error instanceof StartRefusal && error.panics;
    const known = error instanceof StartRefusal || error instanceof UsageError;
    const text = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
    complain(`${panics ? "panic" : "Error"}: ${text}`);
    return { status: panics ? 2 : 1 };
  }
}

/** Ends with the outcome's status, or goes on until it is told to end. */
export function live(outcome: Outcome): void {
  if ("status" in outcome) process.exit(outcome.status);
  const end = (): void => void outcome.close().then(() => process.exit(0));
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
}
