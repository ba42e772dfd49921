import type { Command } from "commander";
import { UsageError } from "../errors/installer-error.ts";
import { suggestKey } from "../values/suggest-key.ts";

const programHelp = "slipway --help lists commands and options";

/** Where the options of the command that was typed are listed. */
export function ownHelpOf(program: Command, argv: readonly string[]): string {
  const path: string[] = [];
  let current = program;
  for (const word of wordsOf(program, argv)) {
    const next = current.commands.find((command) => command.name() === word);
    if (next === undefined) break;
    path.push(word);
    current = next;
  }
  return path.length === 0 ? programHelp : `slipway ${path.join(" ")} --help lists its options`;
}

/**
 * `help a b` as `a b --help`; any other command line as it is.
 * @throws UsageError when there is no such command
 */
export function helpTopic(program: Command, argv: readonly string[]): readonly string[] {
  const [first, ...topic] = wordsOf(program, argv);
  if (first !== "help" || topic.length === 0) return argv;
  if (topic[0] === "help") return ["--help"];
  let current = program;
  for (const [index, word] of topic.entries()) {
    const next = current.commands.find((command) => command.name() === word);
    if (next === undefined) throw unknownCommand(current, topic.slice(0, index + 1));
    current = next;
  }
  return [...topic, "--help"];
}

function unknownCommand(group: Command, path: readonly string[]): UsageError {
  const names = group.commands.map((command) => command.name());
  const near = suggestKey(path.at(-1) ?? "", names);
  return new UsageError(`unknown command '${path.join(" ")}'`, {
    hint: near === undefined ? programHelp : `did you mean ${near}?`,
  });
}

/** The words of a command line that are neither a global option nor its value. */
function wordsOf(program: Command, argv: readonly string[]): readonly string[] {
  const takesValue = new Set(
    program.options
      .filter((option) => option.required)
      .flatMap((option) => [option.short, option.long].filter((flag) => flag !== undefined)),
  );
  return argv.filter((word, index) => !word.startsWith("-") && !takesValue.has(argv[index - 1] ?? ""));
}
