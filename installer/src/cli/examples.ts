import type { Command } from "commander";

export interface Example {
  readonly command: string;
  readonly means: string;
}

const examples = new WeakMap<Command, readonly Example[]>();

/** Adds examples to a command's help and remembers them for the documentation. */
export function withExamples(command: Command, list: readonly Example[]): Command {
  examples.set(command, list);
  const width = Math.max(...list.map((example) => example.command.length));
  const lines = list.map((example) => `  $ ${example.command.padEnd(width)}  ${example.means}`);
  return command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}

/** The examples of a command, as they were declared. */
export function examplesOf(command: Command): readonly Example[] {
  return examples.get(command) ?? [];
}
