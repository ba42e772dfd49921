import type { ResultHead } from "../actions/context.ts";
import { InstallerError } from "../errors/installer-error.ts";
import { type ErrorCode, exitStatusOf } from "../errors/exit-codes.ts";
import { printable } from "./ui/format.ts";
import { type Invocation, nameCommands } from "./ui/named-commands.ts";

const detailLimit = 60;

/** What a person sees of an error: one line, its details, the way out and where the log is. */
export function formatError(error: unknown, logFile: string | undefined, invocation: Invocation = {}): string {
  const lines = [`error: ${messageOf(error)}`];
  if (error instanceof InstallerError) {
    lines.push(...clip(error.details).map((line) => `  ${nameCommands(line, invocation)}`));
    const hint = error.hint ?? (error.code === "INTERNAL" ? internalHint : undefined);
    if (hint !== undefined) lines.push(`hint: ${nameCommands(hint, invocation)}`);
    if (error.output.length > 0) lines.push("output:", ...error.output.map((line) => `  ${printable(line)}`));
  } else {
    lines.push(`hint: ${internalHint}`);
  }
  if (logFile !== undefined) lines.push(`log: ${logFile}`);
  return `${lines.join("\n")}\n`;
}

const internalHint = "this is a defect of slipway; please report it with the log file";

/** What `--json` prints in place of a result when a command fails. */
export interface ErrorResult extends ResultHead<"Error"> {
  /** Its name among the exit codes: `PREFLIGHT_FAILED`. */
  readonly code: ErrorCode;
  /** The exit status of the command. */
  readonly exitCode: number;
  /** What is wrong, on one line. */
  readonly message: string;
  /** Further lines: each problem of the values, findings, the last lines of a log, what was done already. */
  readonly details: readonly string[];
  /** What to do next. */
  readonly hint?: string;
  /** The last lines that a build or another program printed before it failed. */
  readonly output?: readonly string[];
  /** Path of the log file of this run. */
  readonly log?: string;
}

/** The same error for `--json` and `--log-format json`: one object. */
export function errorToJson(error: unknown, logFile: string | undefined, invocation: Invocation = {}): ErrorResult {
  const code = error instanceof InstallerError ? error.code : "INTERNAL";
  const { details, hint, output } =
    error instanceof InstallerError ? error : { details: [], hint: undefined, output: [] };
  const shown = hint ?? (code === "INTERNAL" ? internalHint : undefined);
  return {
    apiVersion: "slipway/v1",
    kind: "Error",
    code,
    exitCode: exitStatusOf(code),
    message: messageOf(error),
    details: details.map((line) => nameCommands(line, invocation)),
    ...(shown !== undefined && { hint: nameCommands(shown, invocation) }),
    ...(output.length > 0 && { output }),
    ...(logFile !== undefined && { log: logFile }),
  };
}

/** Exit status for an error of any kind; what is not ours is a defect. */
export function exitStatusFor(error: unknown): number {
  return error instanceof InstallerError ? exitStatusOf(error.code) : exitStatusOf("INTERNAL");
}

/** Message on one line, however the error was thrown. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, " ").trim() || "unknown failure";
}

/** The error with stack and causes, for the log file only. */
export function errorChain(error: unknown): readonly string[] {
  const lines: string[] = [];
  let current = error;
  for (let depth = 0; current !== undefined && depth < 8; depth += 1) {
    lines.push(`${depth === 0 ? "" : "caused by "}${stackOf(current)}`);
    current = current instanceof Error ? current.cause : undefined;
  }
  return lines;
}

function stackOf(error: unknown): string {
  if (error instanceof Error) return error.stack ?? error.message;
  return typeof error === "string" ? error : JSON.stringify(error);
}

function clip(details: readonly string[]): readonly string[] {
  if (details.length <= detailLimit) return details;
  return [...details.slice(0, detailLimit), `… and ${details.length - detailLimit} more; --json shows all`];
}
