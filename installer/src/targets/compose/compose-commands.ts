import { join } from "node:path";
import { ApplyError, CommandError } from "../../errors/installer-error.ts";
import { createQueue } from "../../execute/in-turn.ts";
import { clientProxyVariables } from "./client-proxies.ts";
import type { ComposePorts } from "./compose-ports.ts";

/** Runs `docker compose` on the live tree of one install. */
export interface ComposeCommands {
  /** Creates containers without starting them; a container that exists and differs is replaced. */
  create(services: readonly string[], over?: ServiceChange): Promise<void>;
}

/** What a container gets in place of, or beside, what its file says. */
export interface ServiceChange {
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

const createLimitMs = 300_000;

/** Compose commands; one at a time, because two on one project race for its networks. */
export function createComposeCommands(ports: CommandPorts, project: string, live: string): ComposeCommands {
  const inTurn = createQueue();
  return {
    create: (services, over) => inTurn(() => createContainers(ports, { project, live }, services, over)),
  };
}

type CommandPorts = Pick<ComposePorts, "exec" | "fs" | "environment">;

async function createContainers(
  ports: CommandPorts,
  { project, live }: { readonly project: string; readonly live: string },
  services: readonly string[],
  over?: ServiceChange,
): Promise<void> {
  const proxies = await clientProxyVariables(ports);
  const changes = { ...over, ...(proxies.length > 0 && { environment: withoutProxies(proxies) }) };
  const isChanged = Object.keys(changes).length > 0;
  const files = [join(live, "compose.yaml"), ...(isChanged ? ["-"] : [])];
  const args = [
    ...["compose", "--project-name", project, ...files.flatMap((file) => ["--file", file]), "--profile", "jobs"],
    ...["--progress", "quiet", "up", "--no-start", "--no-deps", "--no-build", "--pull", "never", ...services],
  ];
  try {
    // Not tied to Ctrl-C: it takes a second or two, and half of it is worse than all of it.
    await ports.exec.run("docker", args, {
      timeoutMs: createLimitMs,
      // A Compose file over the other one.
      ...(isChanged && {
        stdin: JSON.stringify({ services: Object.fromEntries(services.map((service) => [service, changes])) }),
      }),
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

/** Variables that stand in a file, empty as they are, win over those of the user's configuration. */
function withoutProxies(variables: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(variables.map((name) => [name, ""]));
}
