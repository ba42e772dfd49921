/** Commands of a program and those below them, as cobra has them. */
export interface Command {
  readonly name: string;
  readonly children?: readonly Command[];
  /** Flags without a value that only this command knows. */
  readonly switches?: readonly string[];
}

export interface Flags {
  readonly level: string;
  readonly format: string;
  /** Empty: no file. */
  readonly config: string;
}

export type Invocation =
  | { readonly kind: "run"; readonly path: string; readonly flags: Flags }
  | { readonly kind: "help"; readonly text: string };

/** What cobra says after `Error: `, with exit status 1. */
export class UsageError extends Error {}

const shorthands: Readonly<Record<string, string>> = { l: "log-level", f: "log-format" };

/**
 * Reads arguments as cobra and pflag do: flags anywhere, `--name value` or `--name=value`, `-l value`; a command with others below it, called
 * without one of them, prints its help with exit status 0, and only the first word is refused when nobody knows it.
 * @throws {UsageError} for an unknown command or flag, and a flag without its value.
 */
export function parseCommandLine(root: Command, words: readonly string[], options: readonly string[]): Invocation {
  const plain: string[] = [];
  const values = new Map<string, string>();
  const switches = new Set<string>();
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === "--") plain.push(...left.splice(0));
    else if (!word.startsWith("-") || word === "-") plain.push(word);
    else readFlag(word, left, { options, values, switches });
  }
  const { command, path } = find(root, plain);
  if (switches.has("help")) return { kind: "help", text: help(root, command, path) };
  for (const name of switches)
    if (command.switches?.includes(name) !== true) throw new UsageError(`unknown flag: --${name}`);
  if (command.children !== undefined) return { kind: "help", text: help(root, command, path) };
  const level = values.get("log-level") ?? "info";
  const format = values.get("log-format") ?? "json";
  return { kind: "run", path: path.join(" "), flags: { level, format, config: values.get("config") ?? "" } };
}

interface Seen {
  readonly options: readonly string[];
  readonly values: Map<string, string>;
  readonly switches: Set<string>;
}

function readFlag(word: string, left: string[], { options, values, switches }: Seen): void {
  const long = /^--([^=]+)(?:=(.*))?$/s.exec(word);
  const name = long === null ? shorthands[word[1] ?? ""] : long[1];
  if (word === "-h") {
    switches.add("help");
    return;
  }
  if (name === undefined || (long === null && !options.includes(name)))
    throw new UsageError(`unknown shorthand flag: '${word[1] ?? ""}' in ${word}`);
  if (!options.includes(name)) {
    switches.add(name);
    return;
  }
  const attached = long === null ? word.slice(2).replace(/^=/, "") || undefined : long[2];
  const value = attached ?? left.shift();
  if (value === undefined)
    throw new UsageError(`flag needs an argument: ${long === null ? `'${word[1] ?? ""}' in ${word}` : `--${name}`}`);
  values.set(name, value);
}

function find(
  root: Command,
  words: readonly string[],
): { readonly command: Command; readonly path: readonly string[] } {
  let command = root;
  const path: string[] = [];
  for (const word of words) {
    const next = command.children?.find(({ name }) => name === word);
    if (next === undefined) break;
    command = next;
    path.push(word);
  }
  const [first] = words;
  if (command === root && first !== undefined)
    throw new UsageError(`unknown command "${first}" for "${root.name}"\nRun '${root.name} --help' for usage.`);
  return { command, path };
}

function help(root: Command, command: Command, path: readonly string[]): string {
  const names = (command.children ?? []).map(({ name }) => `  ${name}\n`).join("");
  return `Usage:\n  ${[root.name, ...path].join(" ")} [flags]\n${names === "" ? "" : `\nAvailable Commands:\n${names}`}`;
}
