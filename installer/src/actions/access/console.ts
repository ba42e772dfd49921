import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import type { Console, ConsoleKind } from "../../plan/console.ts";
import { consoleCommands } from "../../plan/console.ts";
import type { Component, Plan } from "../../plan/model.ts";
import type { ActionPorts, InstallTarget } from "../context.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import type { ProgramEnd } from "./exec.ts";
import { requireRunning } from "./running-service.ts";

export interface ConsoleRequest extends InstallTarget {
  readonly kind: ConsoleKind;
  /** One of the console's logins; the one with every right when absent. */
  readonly login?: string;
  readonly args: readonly string[];
  /** Absolute path of a file in place of standard input. */
  readonly input?: string;
  /** The same of standard output. It is written aside, and takes its place only when the program ended well. */
  readonly output?: string;
}

/**
 * Opens the console of what the platform keeps, from inside its networks and with the credentials that its own services have; the
 * component may be external.
 * @throws UsageError where there is none, or for a login that it does not have; PreflightError when nothing is installed or the component
 * is stopped
 */
export async function openConsole(
  request: ConsoleRequest,
  ports: Pick<ActionPorts, "fs" | "target" | "bulkFiles">,
): Promise<ProgramEnd> {
  const install = await openInstall(request, ports.fs);
  const plan = await requireInstalledHere(install, ports);
  const component = requireConsole(plan, request.kind);
  const login = requireLogin(component.console, request);
  if (component.workload !== undefined) await requireRunning(component.id, install, ports);
  return runToFile([login, ...request.args], component.console, { install, request, ports });
}

type WithConsole = Component & { readonly console: Console };

function hasConsole(component: Component): component is WithConsole {
  return component.console !== undefined;
}

function requireConsole(plan: Plan, kind: ConsoleKind): WithConsole {
  const all = plan.components.filter(hasConsole);
  const found = all.find(({ console }) => console.kind === kind);
  if (found !== undefined) return found;
  if (all.length === 0) {
    throw new PreflightError("this platform was installed by a version that made no consoles", {
      hint: "slipway install adds them; slipway plan shows what else it changes",
    });
  }
  throw new UsageError(`slipway ${consoleCommands[kind]} has nothing to work with: no such service is installed`, {
    hint: `there are ${all.map(({ console }) => `slipway ${consoleCommands[console.kind]}`).join(", ")}`,
  });
}

function requireLogin({ logins }: Console, { login = logins[0] }: ConsoleRequest): string {
  if (logins.includes(login)) return login;
  throw new UsageError(`there is no login ${login} here`, { hint: `logins are ${logins.join(", ")}` });
}

interface ConsoleCall {
  readonly install: Install;
  readonly request: ConsoleRequest;
  readonly ports: Pick<ActionPorts, "fs" | "target" | "bulkFiles">;
}

async function runToFile(args: readonly string[], { job }: Console, call: ConsoleCall): Promise<ProgramEnd> {
  const { install, request, ports } = call;
  const { input, output } = request;
  const aside = output === undefined ? undefined : `${output}.partial`;
  const status = await ports.target.openConsole(install, { job, args, input, output: aside });
  if (output !== undefined && aside !== undefined) {
    if (status === 0) await ports.bulkFiles.rename(aside, output);
    else await ports.fs.remove(aside);
  }
  return { status };
}
