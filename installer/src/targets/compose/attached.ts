import { join } from "node:path";
import type { Install } from "../../execute/state/install.ts";
import { consoleRole, roleLabel } from "../../render/compose/labels.ts";
import type { LiveService } from "../live-platform.ts";
import type { ConsoleRun } from "../target.ts";
import { clientProxyVariables } from "./client-proxies.ts";
import type { ComposePorts } from "./compose-ports.ts";

/** In the environment of what was started in a container from here: by it a signal finds it. */
const markVariable = "SLIPWAY_RUN";

/** Sends a signal to every process that has a mark in its environment; its own arguments are no part of that. */
const signalMarked = `found=1
for file in $(grep -ls "${markVariable}=$1" /proc/[0-9]*/environ); do
  file=\${file%/environ}
  kill -s "$2" "\${file#/proc/}" && found=0
done
exit $found`;

/** Runs a program in a container that is up, as its user. */
export async function execInContainer(
  service: LiveService,
  command: readonly string[],
  { terminal, exec, random }: Pick<ComposePorts, "terminal" | "exec" | "random">,
): Promise<number> {
  if (terminal.isInteractive()) {
    return terminal.run("docker", ["exec", "--interactive", "--tty", service.id, ...command]);
  }
  const mark = random.uuid();
  return terminal.run("docker", ["exec", "--interactive", "--env", `${markVariable}=${mark}`, service.id, ...command], {
    // The docker program would go away and leave the other one running: the engine's API knows no signal for it.
    onSignal: (signal, passToClient) => {
      const words = [mark, signal.replace(/^SIG/, "")];
      const script = ["exec", service.id, "sh", "-c", signalMarked, "sh", ...words];
      exec.run("docker", script).catch(passToClient);
    },
  });
}

/** Runs a console in a container of its own, which goes when it ends; its label says that it is in use and no leftover. */
export async function runConsole(
  { name, layout }: Install,
  { job, args, ...files }: ConsoleRun,
  ports: ComposePorts,
): Promise<number> {
  const { terminal } = ports;
  const isInteractive = terminal.isInteractive() && files.input === undefined && files.output === undefined;
  const proxies = await clientProxyVariables(ports);
  return terminal.run(
    "docker",
    [
      ...["compose", "--project-name", name, "--file", join(layout.live, "compose.yaml"), "--profile", "jobs"],
      ...["--progress", "quiet", "run", "--rm", "--no-deps", "--label", `${roleLabel}=${consoleRole}`],
      // Empty as they are they win over those of the user's configuration.
      ...proxies.flatMap((variable) => ["--env", `${variable}=`]),
      ...(isInteractive ? [] : ["--no-TTY"]),
      ...[job, ...args],
    ],
    files,
  );
}
