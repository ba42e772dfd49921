import { statSync } from "node:fs";
import { resolve } from "node:path";

/**
 * About how many bytes a command line will have hashed, as far as that shows without reading it properly: then threads can
 * start before the command is loaded. 0 where nothing tells; the command itself knows better.
 */
export function bytesToHash(argv: readonly string[], cwd: string): number {
  const [group, command, ...words] = argv;
  if (group !== "bundle" || command !== "verify") return 0;
  return words.reduce((sum, word) => sum + sizeOf(resolve(cwd, word)), 0);
}

/** Of what is no file, or cannot be looked at, the command says so. Options and their values are no large files. */
function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
