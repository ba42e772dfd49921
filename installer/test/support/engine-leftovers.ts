import { mustRun, runChild } from "./child.ts";

/** What an engine still has of an install. */
export interface Leftovers {
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
}

export interface EngineOptions {
  /** Environment of the docker client; its own by default. */
  readonly env?: NodeJS.ProcessEnv;
}

const projectLabel = "com.docker.compose.project";
const nameLabel = "dev.slipway.name";

/** Everything on the engine that carries the label of an install of this name, or of its Compose project. */
export async function findLeftovers(name: string, options: EngineOptions = {}): Promise<Leftovers> {
  const list = async (args: readonly string[]): Promise<readonly string[]> => {
    const found = await Promise.all(
      [projectLabel, nameLabel].map((label) =>
        mustRun("docker", [...args, "--filter", `label=${label}=${name}`], options),
      ),
    );
    return [...new Set(found.join("\n").split("\n").filter(Boolean))].toSorted();
  };
  const [containers, networks, volumes] = await Promise.all([
    list(["ps", "--all", "--format", "{{.Names}}"]),
    list(["network", "ls", "--format", "{{.Name}}"]),
    list(["volume", "ls", "--format", "{{.Name}}"]),
  ]);
  return { containers, networks, volumes };
}

/** Removes whatever an install left on the engine. Only what carries its label is touched. */
export async function removeLeftovers(name: string, options: EngineOptions = {}): Promise<void> {
  const { containers, networks, volumes } = await findLeftovers(name, options);
  if (containers.length > 0) await runChild("docker", ["rm", "--force", "--volumes", ...containers], options);
  if (networks.length > 0) await runChild("docker", ["network", "rm", ...networks], options);
  if (volumes.length > 0) await runChild("docker", ["volume", "rm", "--force", ...volumes], options);
}
