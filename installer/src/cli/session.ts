import type { Report } from "../events/event.ts";
import type { CliContext } from "./context.ts";
import type { Scope } from "../engine/engine.ts";
import type { Common, Manner } from "./global-options.ts";
import type { BoundEngine, Session } from "./runtime.ts";
import { openLogFile } from "./ui/log-file.ts";
import type { LogFile, LogKeeping } from "./ui/log-file.ts";
import { nameCommandsIn, nameCommandsInLines } from "./ui/named-commands.ts";
import { absentPrompts, terminalPrompts } from "./ui/prompts.ts";
import { jsonReporter } from "./ui/reporter-json.ts";
import { plainReporter } from "./ui/reporter-plain.ts";
import { combineReporters, namedReporter } from "./ui/reporter.ts";
import type { Reporter } from "./ui/reporter.ts";
import { createStyle } from "./ui/style.ts";

/** A session and what ends it. */
export interface OpenSession {
  readonly session: Session;
  /** Ends display and log file. */
  close(): Promise<void>;
  /** Writes an error with its stack into the log file; gives the file's path. */
  recordFailure(error: unknown): string | undefined;
}

/** Commands that keep a log from their first event on; others only when they fail. */
const loggedCommands: readonly string[] = [
  "uninstall",
  "stop",
  "start",
  "restart",
  "images build",
  "verify",
  "backup create",
];

/** An install writes its own log beside its journal. */
function keepingOf(command: string): LogKeeping {
  if (command === "install") return "by-action";
  return loggedCommands.includes(command) ? "always" : "failure";
}

/** Makes what a command's body works with: reporters, log, prompts, colours. */
export async function openSession(common: Common, context: CliContext, command: string): Promise<OpenSession> {
  const { manner, selection } = common;
  const log = openLogFile({
    stateDir: selection.stateDir,
    command,
    now: context.now,
    keep: keepingOf(command),
    fallbackDir: context.io.tempDir,
  });
  const reporter = combineReporters([
    log,
    context.track,
    namedReporter(await chooseReporter(manner, context), selection.invocation),
  ]);
  const report: Report = (event) => reporter.report(event);
  const session: Session = {
    engine: bindEngine(context, { report, signal: context.signal }),
    selection,
    manner,
    context,
    get prompts() {
      return (
        context.prompts ??
        (context.io.stdinIsTTY
          ? terminalPrompts(context.signal, { input: process.stdin, output: process.stderr })
          : absentPrompts())
      );
    },
    report,
    style: createStyle(manner.color && context.io.stdout.isTTY),
    columns: context.io.stdout.isTTY ? context.io.stdout.columns : undefined,
    tell: (text) => context.io.stdout.write(`${nameCommandsInLines(text, selection.invocation)}\n`),
    print: (text) => context.io.stdout.write(`${text}\n`),
    printJson: (value) => context.io.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`),
    tellJson: (value, { onOneLine } = { onOneLine: false }) => {
      const named = nameCommandsIn(value, selection.invocation);
      context.io.stdout.write(`${JSON.stringify(named, undefined, onOneLine ? 0 : 2)}\n`);
    },
    printJsonLine: (value) => context.io.stdout.write(`${JSON.stringify(value)}\n`),
  };
  return {
    session,
    close: () => reporter.close(),
    recordFailure: (error) => recordFailure(log, error),
  };
}

async function chooseReporter(manner: Manner, context: CliContext): Promise<Reporter> {
  const { io } = context;
  const stopped = (): boolean => context.signal.aborted;
  if (manner.logFormat === "json") return jsonReporter(io.stderr, context.now);
  if (io.terminal === undefined || !io.stderr.isTTY || io.env["TERM"] === "dumb" || io.env["CI"] !== undefined) {
    return plainReporter(io.stderr, context.now, stopped);
  }
  const { lazyTtyReporter } = await import("./ui/reporter-lazy.ts");
  return lazyTtyReporter(io.terminal, stopped);
}

function bindEngine(context: CliContext, scope: Scope): BoundEngine {
  const bound = Object.entries(context.engine).map(([name, action]) => [
    name,
    (request: unknown) => (action as (request: unknown, scope: Scope) => unknown)(request, scope),
  ]);
  return Object.fromEntries(bound) as BoundEngine;
}

function recordFailure(log: LogFile, error: unknown): string | undefined {
  log.failure(error);
  return log.path();
}
