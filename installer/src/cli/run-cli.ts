import type { Command } from "commander";
import { CommanderError } from "commander";
import { UsageError } from "../errors/installer-error.ts";
import { exitStatusOf } from "../errors/exit-codes.ts";
import type { CliContext } from "./context.ts";
import { explainFileSystemError } from "./file-system-errors.ts";
import { programOf, readCommon } from "./global-options.ts";
import { type ErrorResult, errorToJson, exitStatusFor, formatError } from "./print-error.ts";
import { buildProgram, commandOf } from "./program.ts";
import { splitAtDashes } from "./program-arguments.ts";
import type { Body } from "./runtime.ts";
import { openSession } from "./session.ts";
import type { OpenSession } from "./session.ts";
import { habitOf, helpTopic, ownHelpOf } from "./find-command.ts";
import { writeEvent } from "./ui/reporter-json.ts";

/** Runs one command line to its end and gives its exit status. Everything it touches comes in with the context. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  let exitStatus = 0;
  let open: OpenSession | undefined;

  async function perform(command: Command, body: Body): Promise<void> {
    open = await openSession(readCommon(command.optsWithGlobals(), context.io), context, nameOf(command));
    exitStatus = (await body(open.session)) ?? 0;
  }

  const { own, program: programArguments } = splitAtDashes(argv);
  // Every line of a JSON log is JSON.
  const quiet = wantsJsonLog(own) ? { writeUnasked: () => undefined } : {};
  const program = await buildProgram({ context, programArguments, perform, ...quiet }, commandOf(argv));
  try {
    await program.parseAsync([...helpTopic(program, argv)], { from: "user" });
    await open?.close();
    return exitStatus;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof CommanderError && isBareHelp(error)) return endWithoutCommand(program, own, context);
    const failure = interrupted(context.signal) ?? toUsageError(error, ownHelpOf(program, own));
    const logFile = open?.recordFailure(failure);
    await open?.close();
    const invocation = open?.session.selection.invocation ?? { program: programOf(context.io) };
    printFailure(errorToJson(failure, logFile, invocation), formatError(failure, logFile, invocation), own, context);
    return exitStatusFor(failure);
  }
}

/** A person has seen the help; a program is told, too. */
function endWithoutCommand(program: Command, argv: readonly string[], context: CliContext): number {
  const error = new UsageError("a command is missing", { hint: ownHelpOf(program, argv) });
  printFailure(errorToJson(error, undefined, { program: programOf(context.io) }), "", argv, context);
  return exitStatusOf("USAGE");
}

/** "images build" for the command `build` below `images`. */
function nameOf(command: Command): string {
  const names: string[] = [];
  for (let current = command; current.parent !== null; current = current.parent) names.unshift(current.name());
  return names.join(" ");
}

/** A group without its command (`slipway secrets`): commander has printed its help to standard error. */
function isBareHelp(error: CommanderError): boolean {
  return error.code === "commander.help";
}

/** What is thrown after Ctrl-C is a consequence of it, whatever it is. */
function interrupted(signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : undefined;
}

function toUsageError(error: unknown, help: string): unknown {
  if (!(error instanceof CommanderError)) return explainFileSystemError(error);
  const [first = "", ...rest] = error.message.split("\n");
  const message = first.replace(/^error: /, "").replace(/\.$/, "");
  const unknown = /^unknown command '(.*)'$/.exec(message)?.[1];
  const habit = unknown === undefined ? undefined : habitOf(unknown);
  if (habit !== undefined) return new UsageError(message, { hint: habit });
  const suggestion = /^\(Did you mean (.*)\?\)$/s.exec(rest.join(" ").trim())?.[1];
  return new UsageError(message, {
    hint: suggestion === undefined ? help : `did you mean ${suggestion}?`,
  });
}

/** Also of a command line that could not be read. */
function printFailure(error: ErrorResult, text: string, argv: readonly string[], { io, now }: CliContext): void {
  if (argv.includes("--json")) io.stdout.write(`${JSON.stringify(error)}\n`);
  if (wantsJsonLog(argv)) writeEvent(io.stderr, { time: now().toISOString(), type: "error", error });
  else io.stderr.write(text);
}

function wantsJsonLog(argv: readonly string[]): boolean {
  return argv.some(
    (word, index) => word === "--log-format=json" || (word === "json" && argv[index - 1] === "--log-format"),
  );
}
