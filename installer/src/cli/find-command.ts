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
 * @throws UsageError when help is asked for of a command that does not exist
 */
export function helpTopic(program: Command, argv: readonly string[]): readonly string[] {
  const words = wordsOf(program, argv);
  const [first, ...topic] = words;
  if (first !== "help") {
    // Commander would print the help of what stands above, and end well.
    if (argv.some((word) => word === "--help" || word === "-h")) requireCommands(program, words);
    return argv;
  }
  if (topic.length === 0) return argv;
  if (topic[0] === "help") return ["--help"];
  requireCommands(program, topic);
  return [...topic, "--help"];
}

/** The words up to the first command that has none below it. */
function requireCommands(program: Command, words: readonly string[]): void {
  let current = program;
  for (const [index, word] of words.entries()) {
    if (current.commands.length === 0) return;
    const next = current.commands.find((command) => command.name() === word);
    if (next === undefined) throw unknownCommand(current, words.slice(0, index + 1));
    current = next;
  }
}

function unknownCommand(group: Command, path: readonly string[]): UsageError {
  const names = group.commands.map((command) => command.name());
  const near = suggestKey(path.at(-1) ?? "", names);
  return new UsageError(`unknown command '${path.join(" ")}'`, {
    hint: habitOf(path.join(" ")) ?? (near === undefined ? programHelp : `did you mean ${near}?`),
  });
}

/** What other programs call it: what does it here. */
const habits: readonly (readonly [words: readonly string[], hint: string])[] = [
  [["ps", "get", "describe", "info", "health"], "slipway status shows what runs"],
  [
    ["up", "apply", "deploy", "upgrade", "update"],
    "slipway install brings the platform to what the values describe; slipway start starts what was stopped",
  ],
  [["down"], "slipway stop stops the platform; slipway uninstall removes it, and its data stays"],
  [["delete", "destroy", "remove", "rm", "purge"], "slipway uninstall removes the platform, and its data stays"],
  [["undo", "revert", "downgrade"], "slipway rollback makes the platform what it was at an earlier revision"],
  [["migrate", "import", "takeover"], "slipway adopt reads an existing CSGHub and writes values for it"],
  [["version"], "slipway --version prints it"],
  [["shell", "sh", "bash", "attach"], "slipway exec COMPONENT opens a shell in a component"],
  [["sql", "pg", "mysql", "db"], "slipway psql works in the platform's databases"],
  [["valkey-cli", "cache"], "slipway redis-cli works in the platform's cache"],
  [["mc", "aws", "bucket", "buckets"], "slipway s3 ls lists the platform's buckets"],
  [["url", "urls", "browse", "web"], "slipway open opens the platform in the browser"],
  [["config", "settings"], "slipway values show shows every value in effect; slipway render writes the files"],
  [["list"], "slipway ls lists the installs of this host"],
  [["template"], "slipway render writes the files"],
  [["test", "check"], "slipway verify proves every connection; slipway doctor looks for causes of trouble"],
];

/** Where a command that does not exist is one of another program: what does the same here. */
export function habitOf(command: string): string | undefined {
  return habits.find(([words]) => words.includes(command))?.[1];
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
