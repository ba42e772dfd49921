import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { mustRun } from "../support/child.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const bundle = fileURLToPath(new URL("../../../dist/slipway.cjs", import.meta.url));

/** The shipped program, built anew unless the person said that it is up to date. */
export async function prepareProgram(rebuild: boolean): Promise<string> {
  if (rebuild || !existsSync(bundle)) await mustRun(process.execPath, ["scripts/build.ts"], { cwd: root });
  return bundle;
}
