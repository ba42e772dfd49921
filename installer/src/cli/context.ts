import type { Engine } from "./engine.ts";

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
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly isRoot: boolean;
  readonly homeDir: string;
}

/** What a command gets besides its own arguments. */
export interface CliContext {
  readonly io: CliIo;
  readonly signal: AbortSignal;
  readonly engine: Engine;
  readonly version: string;
  /** Waits; returns at once when the run is stopped. */
  sleep(ms: number): Promise<void>;
}
