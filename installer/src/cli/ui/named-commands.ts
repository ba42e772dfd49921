import { shellQuote } from "../../platform/shell-quote.ts";

/** How this run was started, so that commands in hints can be typed as they stand. */
export interface Invocation {
  /** The program as it was called, for example `./slipway`. */
  readonly program?: string | undefined;
  /** The install's name; undefined as long as the command line is not read. */
  readonly name?: string | undefined;
  /** The state directory, where one was given. */
  readonly stateDir?: string | undefined;
}

const defaultName = "slipway";
const ofInstall =
  "init|validate|plan|render|install|status|logs|verify|doctor|stop|start|restart|run|ca|uninstall|secrets";
const commands = new RegExp(`(?<![\\w/.-])slipway (?=(?:(${ofInstall})|images|completion|help|--help)(?![\\w-]))`, "g");

/** Commands in a text, as they have to be typed here: with the program as it was called and, unless they are the default, the install's name and place. */
export function nameCommands(text: string, invocation: Invocation): string {
  const { program = "slipway", name = defaultName, stateDir } = invocation;
  const flags = [
    ...(name === defaultName || text.includes("--name") ? [] : [`--name ${name} `]),
    ...(stateDir === undefined || text.includes("--state-dir") ? [] : [`--state-dir ${quoted(stateDir)} `]),
  ].join("");
  return text.replace(
    commands,
    (_match, aboutInstall: string | undefined) => `${quoted(program)} ${aboutInstall === undefined ? "" : flags}`,
  );
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : shellQuote(word);
}
