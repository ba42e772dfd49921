import { shellQuote } from "../../platform/shell-quote.ts";
import type { CommandInfo, OptionInfo } from "./command-tree.ts";

export type Shell = "bash" | "zsh" | "fish";

/** Names that a person may type for components: all, and those of what can be left out. */
export interface ComponentNames {
  readonly all: readonly string[];
  readonly optional: readonly string[];
}

/** A completion script of everything the program understands. */
export function completionScript(shell: Shell, program: CommandInfo, names: ComponentNames): string {
  return writeScript(shell, withNames(program, names));
}

/** The same commands with the names of components as choices where one is wanted. */
function withNames(command: CommandInfo, names: ComponentNames): CommandInfo {
  return {
    ...command,
    options: command.options.map((option) => {
      if (option.valueKind !== "component") return option;
      return { ...option, choices: option.long === "--without" ? names.optional : names.all };
    }),
    arguments: command.arguments.map((argument) =>
      argument.name === "component" ? { ...argument, choices: names.all } : argument,
    ),
    commands: command.commands.map((child) => withNames(child, names)),
  };
}

function writeScript(shell: Shell, program: CommandInfo): string {
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
function flatten(command: CommandInfo): readonly CommandInfo[] {
  return [command, ...command.commands.flatMap(flatten)];
}

function optionWords(options: readonly OptionInfo[]): readonly string[] {
  return options.flatMap((option) => (option.short === undefined ? [option.long] : [option.short, option.long]));
}

function bashScript(program: CommandInfo): string {
  const all = flatten(program);
  const globals = [...program.options, helpOption];
  const words = all.map((command) => {
    const own = command.path.length === 0 ? [] : command.options;
    const next = [
      ...command.commands.map((child) => child.path.at(-1) ?? ""),
      ...command.arguments.flatMap((argument) => argument.choices),
    ];
    return `    ${shellQuote(command.path.join(" "))}) words=${shellQuote([...next, ...optionWords([...own, ...globals])].join(" "))} ;;`;
  });
  const values = uniqueOptions(all).map((option) => {
    const names = optionWords([option]).join("|");
    return `    ${names}) ${bashValue(option)} ;;`;
  });
  const ofRevisions = all.filter(takesRevision).map((command) => shellQuote(command.path.join(" ")));
  const commands = all.slice(1).map((command) => shellQuote(command.path.join(" ")));
  const valued = uniqueOptions(all).flatMap((option) => optionWords([option]));
  return `# Completion of slipway for bash. Load it with: source <(slipway completion bash)
_slipway_revisions() {
  local index about=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in
      --name|--state-dir) about+=("\${COMP_WORDS[index]}" "\${COMP_WORDS[index+1]}") ;;
    esac
  done
  "\${COMP_WORDS[0]}" history --quiet "\${about[@]}" 2>/dev/null
}
_slipway() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path="" words="" index word try
  COMPREPLY=()
  case $previous in
${values.join("\n")}
  esac
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case $word in
      ${valued.join("|")}) index=$((index + 1)); continue ;;
      -*) continue ;;
    esac
    try="\${path:+$path }$word"
    case $try in
      ${commands.join("|")}) path=$try ;;
    esac
  done
  case $path in
${words.join("\n")}
  esac
  case $path in
    ${ofRevisions.join("|")}) words="$(_slipway_revisions) $words" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _slipway slipway ./slipway
`;
}

/** Which revisions there are, only the install tells. */
function takesRevision({ arguments: taken }: CommandInfo): boolean {
  return taken.some(({ revision }) => revision);
}

function bashValue(option: OptionInfo): string {
  if (option.choices.length > 0)
    return `COMPREPLY=($(compgen -W ${shellQuote(option.choices.join(" "))} -- "$current")); return`;
  if (option.valueKind === "file") return 'COMPREPLY=($(compgen -f -- "$current")); return';
  if (option.valueKind === "directory") return 'COMPREPLY=($(compgen -d -- "$current")); return';
  return "return";
}

/** Options that take a value, each name once, with the choices of every command that has it. */
function uniqueOptions(commands: readonly CommandInfo[]): readonly OptionInfo[] {
  const byName = new Map<string, OptionInfo>();
  for (const option of commands.flatMap((command) => command.options)) {
    if (!option.takesValue) continue;
    const choices = [...new Set([...(byName.get(option.long)?.choices ?? []), ...option.choices])];
    byName.set(option.long, { ...option, choices });
  }
  return [...byName.values()];
}

const helpOption: OptionInfo = {
  flags: "-h, --help",
  short: "-h",
  long: "--help",
  description: "print help",
  takesValue: false,
  choices: [],
  default: undefined,
  valueKind: "other",
};

function fishScript(program: CommandInfo): string {
  const lines = ["# Completion of slipway for fish.", "complete -c slipway -f"];
  for (const command of flatten(program)) {
    const condition = fishCondition(command);
    for (const child of command.commands) {
      lines.push(
        `complete -c slipway ${condition} -a ${shellQuote(child.path.at(-1) ?? "")} -d ${shellQuote(child.summary)}`,
      );
    }
    for (const choice of command.arguments.flatMap((argument) => argument.choices)) {
      lines.push(`complete -c slipway ${condition} -a ${shellQuote(choice)}`);
    }
    if (takesRevision(command)) {
      lines.push(`complete -c slipway ${condition} -a ${shellQuote("(slipway history --quiet 2>/dev/null)")}`);
    }
    for (const option of command.options) lines.push(fishOption(option, command.path.length === 0 ? "" : condition));
  }
  return `${lines.join("\n")}\n`;
}

/** The command's words were typed and none of its own commands yet. */
function fishCondition(command: CommandInfo): string {
  if (command.path.length === 0) return `-n ${shellQuote("__fish_use_subcommand")}`;
  const seen = command.path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const children = command.commands.map((child) => child.path.at(-1) ?? "");
  const notYet = children.length === 0 ? [] : [`not __fish_seen_subcommand_from ${children.join(" ")}`];
  return `-n ${shellQuote([...seen, ...notYet].join("; and "))}`;
}

function fishOption(option: OptionInfo, condition: string): string {
  const parts = ["complete -c slipway", condition, `-l ${option.long.replace(/^--/, "")}`];
  if (option.short !== undefined) parts.push(`-s ${option.short.slice(1)}`);
  if (option.takesValue) parts.push(option.valueKind === "other" || option.valueKind === "component" ? "-x" : "-r -F");
  if (option.choices.length > 0) parts.push(`-a ${shellQuote(option.choices.join(" "))}`);
  parts.push(`-d ${shellQuote(option.description)}`);
  return parts.filter((part) => part !== "").join(" ");
}
