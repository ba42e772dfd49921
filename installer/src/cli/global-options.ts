import { resolve } from "node:path";
import { Option } from "commander";
import type { Command, OptionValues } from "commander";
import { defaultInstallName } from "../plan/install-command.ts";
import { UsageError } from "../errors/installer-error.ts";
import { collectOption } from "./commands/collect-option.ts";
import type { CliIo } from "./context.ts";
import type { Invocation } from "./ui/named-commands.ts";
import { defaultCacheDir, defaultStateDir } from "./paths.ts";

/** Which install a command is about and what its values are laid from. */
export interface Selection {
  readonly name: string;
  readonly stateDir: string;
  /** How commands have to be typed to mean the same install. */
  readonly invocation: Invocation;
  readonly cacheDir: string;
  /** Absolute paths of the files given with -f. */
  readonly files: readonly string[];
  /** Absolute path of the values file of the working directory. */
  readonly ownFile: string;
  /** The recorded values do not count. */
  readonly resetValues: boolean;
  readonly profile: string | undefined;
  readonly set: readonly string[];
  /** Components switched off with --without, as typed. */
  readonly without: readonly string[];
  /** Absolute path of the image lock given with --lock. */
  readonly lock: string | undefined;
}

/** How a command talks. */
export interface Manner {
  readonly json: boolean;
  readonly logFormat: "text" | "json";
  readonly yes: boolean;
  readonly color: boolean;
}

export interface Common {
  readonly selection: Selection;
  readonly manner: Manner;
}

const standardInput = "/dev/stdin";

const namePattern = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

/** Declares the options every command understands, before or after its name. */
export function declareGlobalOptions(program: Command): void {
  program
    .addOption(new Option("--name <name>", "name of the install").default(defaultInstallName))
    .addOption(new Option("--state-dir <dir>", "where the install's records are kept (default: by user and name)"))
    .addOption(
      new Option(
        "-f, --file <file>",
        "values file, in place of the recorded values; - is standard input; may be given more than once",
      ).argParser(collectOption),
    )
    .addOption(new Option("--reset-values", "leave the recorded values out: defaults, and what is given here"))
    .addOption(new Option("--profile <name>", "profile the values start from, for example infra"))
    .addOption(new Option("--set <path=value>", "one value; may be given more than once").argParser(collectOption))
    .addOption(
      new Option(
        "--without <component>",
        "leave a component out (its mode becomes off); may be given more than once",
      ).argParser(collectOption),
    )
    .addOption(new Option("--lock <file>", "image lock whose digests are rendered (slipway images lock makes one)"))
    .addOption(new Option("--json", "the result as JSON on standard output"))
    .addOption(
      new Option("--log-format <format>", "progress on standard error").choices(["text", "json"]).default("text"),
    )
    .addOption(new Option("-y, --yes", "answer yes to every question"))
    .addOption(new Option("--no-color", "no colours"));
}

/**
 * Reads the global options of a parsed command line.
 * @throws UsageError when the install's name cannot be a Compose project
 */
export function readCommon(options: OptionValues, io: CliIo): Common {
  const name = String(options["name"]);
  if (!namePattern.test(name)) {
    throw new UsageError(`the name "${name}" cannot be used for an install`, {
      hint: "use up to 32 lower-case letters, digits and hyphens, with a letter or digit at both ends",
    });
  }
  const stateDir = options["stateDir"] as string | undefined;
  const given = stateDir === undefined ? undefined : resolve(io.cwd, stateDir);
  return {
    selection: {
      name,
      stateDir: given ?? defaultStateDir(io, name),
      invocation: { program: programOf(io), name, stateDir: given },
      cacheDir: defaultCacheDir(io),
      files: strings(options["file"]).map((file) => (file === "-" ? standardInput : resolve(io.cwd, file))),
      ownFile: resolve(io.cwd, "values.yaml"),
      resetValues: options["resetValues"] === true,
      profile: options["profile"] as string | undefined,
      set: strings(options["set"]),
      without: strings(options["without"]),
      lock: typeof options["lock"] === "string" ? resolve(io.cwd, options["lock"]) : undefined,
    },
    manner: {
      json: options["json"] === true,
      logFormat: options["logFormat"] === "json" ? "json" : "text",
      yes: options["yes"] === true,
      color: options["color"] !== false && io.env["NO_COLOR"] === undefined,
    },
  };
}

/** The program as it was called: the script in a checkout says so. */
export function programOf(io: Pick<CliIo, "env">): string | undefined {
  const called = io.env["SLIPWAY_PROGRAM"];
  return called === "" ? undefined : called;
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
