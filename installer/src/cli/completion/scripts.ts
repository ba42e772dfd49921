import { shellQuote } from "../../platform/shell-quote.ts";
import type { CommandInfo, OptionInfo } from "./command-tree.ts";
import { argumentWords, type FixedWords, optionWords, type WordSource } from "./word-sources.ts";

export type Shell = "bash" | "zsh" | "fish";

/** A command with the words that may stand in each place of it. */
interface WordedCommand extends Omit<CommandInfo, "options" | "arguments" | "commands"> {
  readonly options: readonly WordedOption[];
  readonly arguments: readonly WordSource[];
  readonly commands: readonly WordedCommand[];
}

type WordedOption = OptionInfo & WordSource;

/** A completion script of everything the program understands. */
export function completionScript(shell: Shell, program: CommandInfo, words: FixedWords): string {
  return writeScript(shell, withWords(program, words));
}

/** What the commands themselves declare wins over what is known by a name. */
function withWords(command: CommandInfo, words: FixedWords): WordedCommand {
  return {
    ...command,
    options: command.options.map((option) => {
      const source = optionWords(option.long, option.value, words);
      return { ...option, ...source, choices: [...option.choices, ...(source.choices ?? [])] };
    }),
    arguments: command.arguments.map(({ name, choices }) =>
      choices.length > 0 ? { choices } : argumentWords(name, words),
    ),
    commands: command.commands.map((child) => withWords(child, words)),
  };
}

function writeScript(shell: Shell, program: WordedCommand): string {
  switch (shell) {
    case "bash":
      return bashScript(program);
    case "zsh":
      return `#compdef slipway\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(program)}`;
    case "fish":
      return fishScript(program);
  }
}

/** Every command with its words, the program itself first. */
function flatten(command: WordedCommand): readonly WordedCommand[] {
  return [command, ...command.commands.flatMap(flatten)];
}

function flagsOf(options: readonly OptionInfo[]): readonly string[] {
  return options.flatMap((option) => (option.short === undefined ? [option.long] : [option.short, option.long]));
}

function bashScript(program: WordedCommand): string {
  const all = flatten(program);
  const globals = [...program.options, helpOption];
  const words = all.map((command) => {
    const own = command.path.length === 0 ? [] : command.options;
    const next = [
      ...command.commands.map((child) => child.path.at(-1) ?? ""),
      ...command.arguments.flatMap((argument) => argument.choices ?? []),
    ];
    const fixed = shellQuote([...next, ...flagsOf([...own, ...globals])].join(" "));
    const asked = [...new Set(command.arguments.flatMap((argument) => argument.asked ?? []))].map(
      (kind) => `" $(_slipway_ask ${kind})"`,
    );
    return `    ${shellQuote(command.path.join(" "))}) words=${[fixed, ...asked].join("")} ;;`;
  });
  const values = uniqueOptions(all).map((option) => {
    const names = flagsOf([option]).join("|");
    return `    ${names}) ${bashValue(option)} ;;`;
  });
  const commands = all.slice(1).map((command) => shellQuote(command.path.join(" ")));
  const valued = uniqueOptions(all).flatMap((option) => flagsOf([option]));
  return `# Completion of slipway for bash. Load it with: source <(slipway completion bash)
# Names that hang on what is installed, of the install that the line is about.
_slipway_ask() {
  "\${COMP_WORDS[0]}" completion bash --words "$1" "\${scope[@]}" 2>/dev/null
}
_slipway() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path="" words="" index word try scope=()
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case $word in
      --) return ;;
      --name|--state-dir) scope+=("$word" "\${COMP_WORDS[index+1]}") ;;
    esac
    case $word in
      ${valued.join("|")}) index=$((index + 1)); continue ;;
      -*) continue ;;
    esac
    try="\${path:+$path }$word"
    case $try in
      ${commands.join("|")}) path=$try ;;
    esac
  done
  case $previous in
    =) return ;;
${values.join("\n")}
  esac
  case $path in
${words.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _slipway slipway ./slipway
`;
}

function bashValue(option: WordedOption): string {
  const open = option.open === true ? "compopt -o nospace 2>/dev/null; " : "";
  if (option.asked !== undefined)
    return `COMPREPLY=($(compgen -W "$(_slipway_ask ${option.asked})" -- "$current")); return`;
  if (option.choices.length > 0)
    return `${open}COMPREPLY=($(compgen -W ${shellQuote(option.choices.join(" "))} -- "$current")); return`;
  if (option.value === "file") return 'COMPREPLY=($(compgen -f -- "$current")); return';
  if (option.value === "dir") return 'COMPREPLY=($(compgen -d -- "$current")); return';
  return "return";
}

/** Options that take a value, each name once, with the choices of every command that has it. */
function uniqueOptions(commands: readonly WordedCommand[]): readonly WordedOption[] {
  const byName = new Map<string, WordedOption>();
  for (const option of commands.flatMap((command) => command.options)) {
    if (!option.takesValue) continue;
    const choices = [...new Set([...(byName.get(option.long)?.choices ?? []), ...option.choices])];
    byName.set(option.long, { ...option, choices });
  }
  return [...byName.values()];
}

const helpOption: WordedOption = {
  flags: "-h, --help",
  short: "-h",
  long: "--help",
  description: "print help",
  takesValue: false,
  choices: [],
  default: undefined,
  value: "",
};

/** Words that hang on what is installed, of the install that the line is about. */
const fishAsk = `function __slipway_ask
  set -l words (commandline -opc)
  set -l scope
  for index in (seq 2 (count $words))
    if contains -- $words[$index] --name --state-dir; and test $index -lt (count $words)
      set scope $scope $words[$index] $words[(math $index + 1)]
    end
  end
  $words[1] completion fish --words $argv[1] $scope 2>/dev/null
end`;

function fishScript(program: WordedCommand): string {
  const lines = ["# Completion of slipway for fish.", fishAsk, "complete -c slipway -f"];
  for (const command of flatten(program)) {
    const condition = fishCondition(command);
    for (const child of command.commands) {
      lines.push(
        `complete -c slipway ${condition} -a ${shellQuote(child.path.at(-1) ?? "")} -d ${shellQuote(child.summary)}`,
      );
    }
    for (const choice of command.arguments.flatMap((argument) => argument.choices ?? [])) {
      lines.push(`complete -c slipway ${condition} -a ${shellQuote(choice)}`);
    }
    for (const kind of command.arguments.flatMap((argument) => argument.asked ?? [])) {
      lines.push(`complete -c slipway ${condition} -a ${shellQuote(fishAsked(kind))}`);
    }
    for (const option of command.options) lines.push(fishOption(option, command.path.length === 0 ? "" : condition));
  }
  return `${lines.join("\n")}\n`;
}

function fishAsked(kind: string): string {
  return `(__slipway_ask ${kind})`;
}

/** The command's words were typed and none of its own commands yet. */
function fishCondition(command: WordedCommand): string {
  if (command.path.length === 0) return `-n ${shellQuote("__fish_use_subcommand")}`;
  const seen = command.path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const children = command.commands.map((child) => child.path.at(-1) ?? "");
  const notYet = children.length === 0 ? [] : [`not __fish_seen_subcommand_from ${children.join(" ")}`];
  return `-n ${shellQuote([...seen, ...notYet].join("; and "))}`;
}

function fishOption(option: WordedOption, condition: string): string {
  const parts = ["complete -c slipway", condition, `-l ${option.long.replace(/^--/, "")}`];
  if (option.short !== undefined) parts.push(`-s ${option.short.slice(1)}`);
  if (option.takesValue) parts.push(option.value === "file" || option.value === "dir" ? "-r -F" : "-x");
  if (option.asked !== undefined) parts.push(`-a ${shellQuote(fishAsked(option.asked))}`);
  if (option.choices.length > 0) parts.push(`-a ${shellQuote(option.choices.join(" "))}`);
  parts.push(`-d ${shellQuote(option.description)}`);
  return parts.filter((part) => part !== "").join(" ");
}
