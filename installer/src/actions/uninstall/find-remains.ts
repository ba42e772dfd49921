import { nameLabel } from "../../execute/docker/volumes.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { readApplied } from "../../execute/state/state-store.ts";
import type { ActionPorts, InstallTarget } from "../context.ts";

/** What an uninstall would find of an install. */
export interface Remains {
  readonly containers: number;
  readonly networks: number;
  readonly volumes: number;
  /** Whether there are records of it. */
  readonly state: boolean;
}

/**
 * Looks for anything that goes by the install's name, and changes nothing.
 * @throws PreflightError when no engine answers
 */
export async function findRemains(request: InstallTarget, ports: Pick<ActionPorts, "docker" | "fs">): Promise<Remains> {
  const { docker } = ports;
  const project = (await readApplied(ports.fs, stateLayout(request.stateDir))).project ?? request.name;
  const [inProject, oneShots, networks, volumes, state] = await Promise.all([
    docker.containers(project),
    docker.containersLabelled({ [nameLabel]: request.name }),
    docker.networks(project),
    docker.volumes({ [nameLabel]: request.name }),
    hasState(request.stateDir, ports),
  ]);
  const containers = new Set([...inProject, ...oneShots].map((container) => container.id));
  return { containers: containers.size, networks: networks.length, volumes: volumes.length, state };
}

/** A run killed early leaves folders of ours without their mark; a directory with anything else in it is somebody's own. */
async function hasState(stateDir: string, ports: Pick<ActionPorts, "fs">): Promise<boolean> {
  if (await ports.fs.exists(stateLayout(stateDir).format)) return true;
  if (!(await ports.fs.exists(stateDir))) return false;
  const early = ["run.lock", "build", "logs", "secrets", "releases", "live"];
  return (await ports.fs.list(stateDir)).every((name) => early.includes(name));
}
