import { UsageError } from "../../errors/installer-error.ts";
import type { ActionPorts } from "../context.ts";

/**
 * Refuses a state directory with something of somebody else in it.
 * @throws UsageError naming what is there
 */
export async function requireOwnDirectory(stateDir: string, ports: ActionPorts): Promise<void> {
  const found = await ports.fs.stat(stateDir);
  if (found === undefined) return;
  const strange = (await ports.fs.list(stateDir)).filter((name) => !["run.lock", "build"].includes(name));
  if (strange.length === 0 || strange.includes("format")) return;
  // A run killed while it made the directory leaves our folders, and nothing of anybody else's.
  if (
    strange.every((name) => ["secrets", "releases", "logs", "live"].includes(name) || /^\.format\.\w+\.tmp$/.test(name))
  )
    return;
  throw new UsageError(
    `${stateDir} holds something else than the state of an install: ${strange.slice(0, 3).join(", ")}`,
    {
      hint: "name an empty or new directory with --state-dir",
    },
  );
}
