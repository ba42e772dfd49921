import { join } from "node:path";
import { ApplyError, CommandError } from "../../errors/installer-error.ts";
import { createQueue } from "../../execute/in-turn.ts";
import { clientProxyVariables } from "./client-proxies.ts";
import type { ComposePorts } from "./compose-ports.ts";

/** Runs `docker compose` on the live tree of one install. */
export interface ComposeCommands {
  /** Creates containers without starting them; a container that exists and differs is replaced. */
  create(services: readonly string[]): Promise<void>;
}

const createLimitMs = 300_000;

/** Compose commands; one at a time, because two on one project race for its networks. */
export function createComposeCommands(ports: CommandPorts, project: string, live: string): ComposeCommands {
  const inTurn = createQueue();
  return {
    create: (services) => inTurn(() => createContainers(ports, project, live, services)),
  };
}

type CommandPorts = Pick<ComposePorts, "exec" | "fs" | "environment">;

async function createContainers(
  ports: CommandPorts,
  project: string,
  live: string,
  services: readonly string[],
): Promise<void> {
  const proxies = await clientProxyVariables(ports);
  const files = [join(live, "compose.yaml"), ...(proxies.length === 0 ? [] : ["-"])];
  const args = [
    ...["compose", "--project-name", project, ...files.flatMap((file) => ["--file", file]), "--profile", "jobs"],
    ...["--progress", "quiet", "up", "--no-start", "--no-deps", "--no-build", "--pull", "never", ...services],
  ];
  try {
    // Not tied to Ctrl-C: it takes a second or two, and half of it is worse than all of it.
    await ports.exec.run("docker", args, {
      timeoutMs: createLimitMs,
      ...(proxies.length > 0 && { stdin: withoutProxies(services, proxies) }),
    });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new ApplyError(
      `docker compose could not create ${services.join(", ")}: ${error.details.at(-1) ?? error.message}`,
      {
        details: error.details,
        cause: error,
      },
    );
  }
}

/** A Compose file over the other one: variables that stand in a file, empty as they are, win over those of the user's configuration. */
function withoutProxies(services: readonly string[], variables: readonly string[]): string {
  const environment = Object.fromEntries(variables.map((name) => [name, ""]));
  return JSON.stringify({ services: Object.fromEntries(services.map((service) => [service, { environment }])) });
}
