import { dirname } from "node:path";
import { UsageError } from "../../errors/installer-error.ts";
import type { FileSystem } from "../../platform/ports.ts";

/**
 * Makes sure that an output can be a file before much is read for it.
 * @throws UsageError when it is a folder or a device, or its folder is not there
 */
export async function requireFileName(path: string, fs: Pick<FileSystem, "stat">): Promise<void> {
  const found = await fs.stat(path);
  if (found?.special === true) {
    throw new UsageError(`${path} is no plain file, and would be replaced by one`, {
      hint: "choose another name with -o; of a link, name the file it leads to",
    });
  }
  if (found?.directory === true) {
    throw new UsageError(`${path} is a folder, not the name of a file`, { hint: `give -o ${path}/slipway.tar` });
  }
  const folder = dirname(path);
  // With the dot a link to a folder is the folder.
  if ((await fs.stat(`${folder}/.`))?.directory === true) return;
  throw new UsageError(`there is no folder ${folder}`, { hint: "make it first, or give another place with -o" });
}
