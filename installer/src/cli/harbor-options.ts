import { join } from "node:path";
import { type Command, Option } from "commander";
import { UsageError } from "../errors/installer-error.ts";
import { type HarborOptions, checkHarborOptions } from "../registry/harbor/harbor-options.ts";
import { parseCount } from "./parse-arguments.ts";
import { parseSize } from "./parse-size.ts";

/** What commander makes of the options that `declareHarborOptions` declares. */
export interface HarborFlags {
  readonly harborStorageLimit?: number;
  readonly harborImmutable?: true;
  readonly harborRetain?: number;
  readonly harborRobot?: string;
  readonly harborRobotFile?: string;
}

/** Declares what can be wanted of a Harbor besides the images. */
export function declareHarborOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--harbor-storage-limit <size>",
        "Harbor: quota of a project that is made, for example 200GiB, or -1",
      ).argParser((text: string) => (text === "-1" ? -1 : parseSize(text))),
    )
    .option("--harbor-immutable", "Harbor: tags that were pushed cannot be moved or removed")
    .addOption(
      new Option("--harbor-retain <n>", "Harbor: keep the last n pushes of each repository").argParser(parseCount),
    )
    .option("--harbor-robot <name>", "Harbor: make a robot account that may pull, for the install")
    .option("--harbor-robot-file <file>", "where its secret is kept (default: ./<name>/config.json)");
}

/**
 * The options as the registry layer takes them.
 * @param cwd what a relative path is relative to
 * @throws UsageError when a flag has a value that Harbor would not take
 */
export function toHarborOptions(flags: HarborFlags, cwd: string): HarborOptions {
  const { harborRobot: name, harborStorageLimit: storageLimit, harborRetain: retain } = flags;
  if (name === undefined && flags.harborRobotFile !== undefined) {
    throw new UsageError("--harbor-robot-file was given without --harbor-robot", {
      hint: "add --harbor-robot with a name for the robot account",
    });
  }
  const given = flags.harborRobotFile ?? (name === undefined ? undefined : join(name, "config.json"));
  const file = given?.startsWith("/") === false ? join(cwd, given) : given;
  const options: HarborOptions = {
    immutable: flags.harborImmutable === true,
    ...(storageLimit !== undefined && { storageLimit }),
    ...(retain !== undefined && { retain }),
    ...(name !== undefined && file !== undefined && { robot: { name, file } }),
  };
  checkHarborOptions(options);
  return options;
}
