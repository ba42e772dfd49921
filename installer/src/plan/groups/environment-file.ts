import type { ConfigFile, Text } from "../model.ts";
import { textFile } from "../text.ts";

/**
 * For programs that read the environment alone: their secrets stand in a file that the shell of their image reads before it becomes the
 * program, so that they stand in no description of the container. Values are escaped for single quotes (`as: "shell"`).
 */
export function environmentFile(path: string, variables: Readonly<Record<string, Text>>): ConfigFile {
  const lines = Object.entries(variables).flatMap(([name, value]): Text => [`export ${name}='`, ...value, "'\n"]);
  return { path, contents: textFile(lines) };
}

/** Reads such a file, and does what the script says. */
export function withEnvironment(
  path: string,
  script: string,
): {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
} {
  return { entrypoint: ["/bin/sh", "-ec"], command: [`. ${path}\n${script}`] };
}
