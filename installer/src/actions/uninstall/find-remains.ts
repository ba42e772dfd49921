import { openInstall } from "../../execute/state/install.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import type { ActionPorts, InstallTarget } from "../context.ts";

/** How much an uninstall would find of an install. */
export interface FoundRemains {
  readonly containers: number;
  readonly networks: number;
  readonly volumes: number;
  /** Whether there are records of it. */
  readonly state: boolean;
}

/**
 * Looks for anything that goes by the install's name, and changes nothing.
 * @throws PreflightError when the target does not answer
 */
export async function findRemains(
  request: InstallTarget,
  ports: Pick<ActionPorts, "target" | "fs">,
): Promise<FoundRemains> {
  const install = await openInstall(request, ports.fs);
  const [{ workloads, networks, stores }, state] = await Promise.all([
    ports.target.remains(install),
    hasState(request.stateDir, ports),
  ]);
  const containers = workloads.filter(({ claim }) => claim !== "stranger").length;
  return { containers, networks: networks.length, volumes: stores.length, state };
}

/** A run killed early leaves our folders without the mark; a directory with anything else in it is not ours. */
async function hasState(stateDir: string, ports: Pick<ActionPorts, "fs">): Promise<boolean> {
  if (await ports.fs.exists(stateLayout(stateDir).format)) return true;
  if (!(await ports.fs.exists(stateDir))) return false;
  const early = ["run.lock", "build", "logs", "secrets", "releases", "live"];
  return (await ports.fs.list(stateDir)).every((name) => early.includes(name));
}
