import { defaultInstallName } from "../../plan/install-command.ts";
import { hasFields } from "../../language/fields.ts";
import { shellWord } from "../../platform/shell-quote.ts";

/** How this run was started, so that commands in hints can be typed as they stand. */
export interface Invocation {
  /** The program as it was called, for example `./slipway`. */
  readonly program?: string | undefined;
  /** The install's name; undefined as long as the command line is not read. */
  readonly name?: string | undefined;
  /** The state directory, where one was given. */
  readonly stateDir?: string | undefined;
}

const ofInstall =
  "init|validate|values|plan|render|install|status|logs|verify|doctor|stop|start|restart|run|exec|psql|redis-cli|s3|open|ca|uninstall|secrets|explain|history|diff";
const others = "images|bundle|push|ls|completion|help|--help";
const commands = new RegExp(`(?<![\\w/.-])slipway (?=(?:(${ofInstall})|${others})(?![\\w-]))`, "g");

/** Commands in a text, as they have to be typed here: with the program as it was called and, unless they are the default, the install's name and place. */
export function nameCommands(text: string, invocation: Invocation): string {
  const { program = "slipway", name = defaultInstallName, stateDir } = invocation;
  const flags = [
    ...(name === defaultInstallName || text.includes("--name") ? [] : [`--name ${name} `]),
    ...(stateDir === undefined || text.includes("--state-dir") ? [] : [`--state-dir ${shellWord(stateDir)} `]),
  ].join("");
  return text.replace(
    commands,
    (_match, aboutInstall: string | undefined) => `${shellWord(program)} ${aboutInstall === undefined ? "" : flags}`,
  );
}

/** The same for a text of several lines, each of which may name another install itself. */
export function nameCommandsInLines(text: string, invocation: Invocation): string {
  return text
    .split("\n")
    .map((line) => nameCommands(line, invocation))
    .join("\n");
}

/** The same for every text of a result. */
export function nameCommandsIn(value: unknown, invocation: Invocation): unknown {
  if (typeof value === "string") return nameCommandsInLines(value, invocation);
  if (Array.isArray(value)) return value.map((item) => nameCommandsIn(item, invocation));
  if (!hasFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, nameCommandsIn(child, invocation)]));
}
