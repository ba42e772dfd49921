import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

export interface FolderMeasure {
  /** Ordinary files, in all folders below. */
  readonly files: number;
  /** Sum of their lengths. */
  readonly bytes: number;
}

/**
 * Counts what is in a folder.
 * @throws what the file system says, also when there is no such folder
 */
export async function measureFolder(folder: string): Promise<FolderMeasure> {
  let files = 0;
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const below = await measureFolder(path);
      files += below.files;
      bytes += below.bytes;
    } else if (entry.isFile()) {
      files += 1;
      bytes += (await lstat(path)).size;
    }
  }
  return { files, bytes };
}
