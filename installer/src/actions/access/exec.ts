import { UsageError } from "../../errors/installer-error.ts";
import { openInstall } from "../../execute/state/install.ts";
import { consoleCommands } from "../../plan/console.ts";
import type { Component, Plan } from "../../plan/model.ts";
import { suggestKey } from "../../values/suggest-key.ts";
import type { ActionPorts, InstallTarget } from "../context.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { requireRunning } from "./running-service.ts";

export interface ExecRequest extends InstallTarget {
  readonly component: string;
  /** The program and its arguments; a shell when empty. */
  readonly command: readonly string[];
}

/** How a program that a person works with ended. */
export interface ProgramEnd {
  readonly status: number;
}

/** The better shell of those that are there. */
const shell: readonly string[] = ["sh", "-c", "if command -v bash >/dev/null; then exec bash; else exec sh; fi"];

/**
 * Runs a program in a component, on this process's own input and output.
 * @throws UsageError for a component that does not run here; PreflightError when nothing is installed or it is stopped
 */
export async function exec(request: ExecRequest, ports: Pick<ActionPorts, "fs" | "target">): Promise<ProgramEnd> {
  const install = await openInstall(request, ports.fs);
  const component = requireComponent(await requireInstalledHere(install, ports), request.component);
  const service = await requireRunning(component.id, install, ports);
  return { status: await ports.target.exec(service, request.command.length === 0 ? shell : request.command) };
}

function requireComponent(plan: Plan, id: string): Component {
  const here = plan.components.filter(({ workload }) => workload !== undefined).map((row) => row.id);
  const component = plan.components.find((row) => row.id === id);
  if (component === undefined) {
    const near = suggestKey(id, here);
    const known = `components that run here are ${here.join(", ")}`;
    throw new UsageError(`there is no component ${id}`, {
      hint: near === undefined ? known : `did you mean ${near}? ${known}`,
    });
  }
  if (component.workload !== undefined) return component;
  if (component.presence === "off") {
    throw new UsageError(`${id} is not installed (mode off)`, {
      hint: `components that run here are ${here.join(", ")}`,
    });
  }
  const where = component.endpoints.map(({ externalHost = "", port }) => `${externalHost}:${port}`).join(", ");
  throw new UsageError(`${id} is external (${where}): nothing of it runs here`, {
    hint:
      component.console === undefined
        ? "use a program of its own machine"
        : `slipway ${consoleCommands[component.console.kind]} works in it from inside the platform's network`,
  });
}
