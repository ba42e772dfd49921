import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import type { GivenBundle } from "../../actions/bundle/given-bundle.ts";
import { UsageError } from "../../errors/installer-error.ts";
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

export interface BundleSourceOptions extends ReadBundleOptions {
  readonly bundle?: readonly string[];
  readonly registry?: string;
}

/** The options of commands that take the platform's images from a bundle. */
export function declareBundleSource(command: Command): Command {
  command
    .addOption(
      new Option(
        "--bundle <file>",
        "take every image from this bundle and use no network; of a delta, the bundles it builds on after it; may be repeated",
      ).argParser(collectOption),
    )
    .option(
      "--registry <target>",
      "with --bundle: take the images from the private registry it was pushed to; on a cluster they are pushed there first",
    );
  return declareReadOptions(command);
}

/**
 * What the options say.
 * @throws UsageError when options about a bundle come without one
 */
export function toBundleSource(
  options: BundleSourceOptions,
  cwd: string,
): { readonly bundle?: GivenBundle; readonly registry?: string } {
  const { bundle, registry } = options;
  if (bundle !== undefined) {
    return { bundle: toGivenBundle(bundle, options, cwd), ...(registry !== undefined && { registry }) };
  }
  const stray = registry === undefined ? strayOption(options) : "--registry";
  if (stray === undefined) return {};
  throw new UsageError(`${stray} was given without --bundle`, {
    hint: stray === "--registry" ? "add --bundle FILE, or set images.registry without a bundle" : "add --bundle FILE",
  });
}

function strayOption({ base, parts, key, allowUnsigned }: ReadBundleOptions): string | undefined {
  if (base !== undefined) return "--base";
  if (parts !== undefined) return "--parts";
  if (key !== undefined) return "--key";
  return allowUnsigned === true ? "--allow-unsigned" : undefined;
}
