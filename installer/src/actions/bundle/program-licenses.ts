import { dirname, join } from "node:path";
import { bundlePaths } from "../../bundle/bundle-manifest.ts";
import type { SmallFiles } from "../../bundle/assemble-bundle.ts";
import type { ActionPorts } from "../context.ts";

/** As `npm run package` writes them beside the executables. */
const names: readonly string[] = ["node.LICENSES.txt", "slipway.LICENSES.txt"];

/** The licences that lie beside the executables go with them: of Node and of the packages in the program. */
export async function readProgramLicenses(
  executables: readonly string[],
  { fs }: Pick<ActionPorts, "fs">,
): Promise<SmallFiles> {
  const files = new Map<string, Uint8Array>();
  for (const folder of new Set(executables.map((path) => dirname(path)))) {
    for (const name of names) {
      const text = await fs.readTextIfPresent(join(folder, name));
      if (text !== undefined) files.set(`${bundlePaths.files}licenses/${name}`, Buffer.from(text));
    }
  }
  return files;
}
