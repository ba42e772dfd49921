import { join } from "node:path";
import { defaultStateDirectory } from "../execute/state/layout.ts";
import type { CliIo } from "./context.ts";

/** State directory of an install unless `--state-dir` names one. */
export function defaultStateDir(io: Pick<CliIo, "env" | "homeDir" | "isRoot">, name: string): string {
  return defaultStateDirectory({ name, root: io.isRoot, home: io.homeDir, xdgStateHome: io.env["XDG_STATE_HOME"] });
}

/** Cache directory: nothing in it is ever needed. A relative path in the variable is ignored, as XDG asks. */
export function defaultCacheDir(io: Pick<CliIo, "env" | "homeDir">): string {
  const given = io.env["XDG_CACHE_HOME"];
  return join(given?.startsWith("/") === true ? given : join(io.homeDir, ".cache"), "slipway");
}
