import type { Engine } from "../engine/engine.ts";
import type { Prompts } from "./ui/prompts.ts";
import type { Reporter } from "./ui/reporter.ts";

/** A stream that text goes to, and what is known of the terminal behind it. */
export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number;
}

/** Everything of the process that the command line reads or writes. Tests hand in their own. */
export interface CliIo {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdinIsTTY: boolean;
  /** Standard input to its end, for a password sent there. */
  readonly readStdin?: () => Promise<string>;
  /** The stream of the live display; absent where there can be none. */
  readonly terminal?: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly isRoot: boolean;
  readonly homeDir: string;
  readonly tempDir: string;
  /** This program, when it is one file that runs without Node and can be carried along; with what it runs on. */
  readonly executable?: { readonly path: string; readonly platform: string } | undefined;
}

/** What a command gets besides its own arguments. */
export interface CliContext {
  readonly io: CliIo;
  readonly signal: AbortSignal;
  readonly engine: Engine;
  readonly version: string;
  readonly now: () => Date;
  /** Follows which steps are open, for the answer to Ctrl-C. */
  readonly track: Reporter;
  /** Answers in place of a terminal; tests use it. */
  readonly prompts?: Prompts;
  /** Waits; returns at once when the run is stopped. */
  sleep(ms: number): Promise<void>;
}
