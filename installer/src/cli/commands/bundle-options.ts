import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import type { GivenBundle } from "../../actions/given-bundle.ts";
import { collectOption } from "./collect-option.ts";

export interface ReadBundleOptions {
  readonly base?: readonly string[];
  readonly parts?: readonly string[];
  readonly key?: readonly string[];
  readonly allowUnsigned?: boolean;
}

/** The options of every command that reads a bundle. */
export function declareReadOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--base <file>",
        "of a delta: the bundle it builds on, and what that builds on after it; may be repeated",
      ).argParser(collectOption),
    )
    .addOption(
      new Option("--parts <dir>", "a further folder with parts of a split bundle; may be repeated").argParser(
        collectOption,
      ),
    )
    .addOption(
      new Option(
        "--key <file>",
        "public key that the bundle must be signed by; may be repeated (default: the keys recorded in slipway/trusted-keys)",
      ).argParser(collectOption),
    )
    .option("--allow-unsigned", "take a bundle without checking who made it");
}

/** What the options say, with absolute paths. */
export function toGivenBundle(files: readonly string[], options: ReadBundleOptions, cwd: string): GivenBundle {
  const path = (text: string): string => resolve(cwd, text);
  return {
    paths: [...files, ...(options.base ?? [])].map(path),
    partFolders: (options.parts ?? []).map(path),
    keyFiles: (options.key ?? []).map(path),
    allowUnsigned: options.allowUnsigned === true,
  };
}
