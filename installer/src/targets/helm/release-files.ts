import { dirname, join } from "node:path";
import type { FileSystem } from "../../platform/ports.ts";

/** What helm is given. */
export interface ReleaseFiles {
  readonly chart: string;
  readonly values: readonly string[];
}

/** Writes the rendered files of a release, those without secrets, below a folder. */
export async function writeReleaseFiles(
  fs: Pick<FileSystem, "makeDirectory" | "writeAtomic">,
  folder: string,
  files: readonly { readonly path: string; readonly contents: string }[],
): Promise<ReleaseFiles> {
  for (const { path, contents } of files) {
    await fs.makeDirectory(dirname(join(folder, path)), 0o700);
    await fs.writeAtomic(join(folder, path), contents, { flush: false });
  }
  return { chart: join(folder, "chart"), values: [join(folder, "values.yaml")] };
}
