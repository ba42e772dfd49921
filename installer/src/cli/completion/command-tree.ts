import type { Command, Option } from "commander";
import { examplesOf } from "../examples.ts";
import type { Example } from "../examples.ts";
import { type JsonKind, jsonKindsOf } from "../json-output.ts";

export interface OptionInfo {
  readonly flags: string;
  readonly short: string | undefined;
  readonly long: string;
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly default: string | undefined;
  /** What the value is called: `file` in `--lock <file>`. */
  readonly value: string;
}

export interface ArgumentInfo {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly variadic: boolean;
  readonly choices: readonly string[];
}

export interface CommandInfo {
  /** Words after `slipway`; empty for the program itself. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly options: readonly OptionInfo[];
  readonly arguments: readonly ArgumentInfo[];
  readonly examples: readonly Example[];
  /** Kinds of what it prints with `--json`; none of a group of commands. */
  readonly json: readonly JsonKind[];
  readonly commands: readonly CommandInfo[];
}

/** The command line as data: what completion scripts and the documentation are made of. */
export function describeCommands(program: Command, path: readonly string[] = []): CommandInfo {
  return {
    path,
    summary: program.summary(),
    description: program.description(),
    options: program.options.filter((option) => !option.hidden).map(describeOption),
    arguments: program.registeredArguments.map((argument) => ({
      name: argument.name(),
      description: argument.description,
      required: argument.required,
      variadic: argument.variadic,
      choices: argument.argChoices ?? [],
    })),
    examples: examplesOf(program),
    json: jsonKindsOf(program),
    commands: program.commands.map((command) => describeCommands(command, [...path, command.name()])),
  };
}

function describeOption(option: Option): OptionInfo {
  return {
    flags: option.flags,
    short: option.short,
    long: option.long ?? option.flags,
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    default:
      typeof option.defaultValue === "string" || typeof option.defaultValue === "number"
        ? String(option.defaultValue)
        : undefined,
    value: /<([^>]+)>/.exec(option.flags)?.[1] ?? "",
  };
}
