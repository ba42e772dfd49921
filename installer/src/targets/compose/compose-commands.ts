import { join } from "node:path";
import { ApplyError, CommandError } from "../../errors/installer-error.ts";
import type { Exec } from "../../platform/ports.ts";
import { createQueue } from "../../execute/in-turn.ts";

/** Runs `docker compose` on the live tree of one install. */
export interface ComposeCommands {
  /** Creates containers without starting them; a container that exists and differs is replaced. */
  create(services: readonly string[]): Promise<void>;
}

const createLimitMs = 300_000;

/** Compose commands; one at a time, because two on one project race for its networks. */
export function createComposeCommands(exec: Exec, project: string, live: string): ComposeCommands {
  const inTurn = createQueue();
  return {
    create: (services) => inTurn(() => createContainers(exec, project, live, services)),
  };
}

async function createContainers(exec: Exec, project: string, live: string, services: readonly string[]): Promise<void> {
  const args = [
    ...["compose", "--project-name", project, "--file", join(live, "compose.yaml"), "--profile", "jobs"],
    ...["--progress", "quiet", "up", "--no-start", "--no-deps", "--no-build", "--pull", "never", ...services],
  ];
  try {
    // Not tied to Ctrl-C: it takes a second or two, and half of it is worse than all of it.
    await exec.run("docker", args, { timeoutMs: createLimitMs });
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
