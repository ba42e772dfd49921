import { PreflightError } from "../../errors/installer-error.ts";
import type { Install } from "../../execute/state/install.ts";
import type { LiveService } from "../../targets/live-platform.ts";
import type { ActionPorts } from "../context.ts";
import { describeState } from "../status/describe-state.ts";

/**
 * What runs of a component, for somebody who wants to get into it.
 * @throws PreflightError with the command that brings it up
 */
export async function requireRunning(
  component: string,
  install: Install,
  { target }: Pick<ActionPorts, "target">,
): Promise<LiveService> {
  const { services } = await target.observe(install, { components: [component], images: [] });
  const service = services.get(component);
  if (service === undefined) {
    throw new PreflightError(`${component} is not there`, { hint: "slipway install makes it again" });
  }
  if (service.phase === "running") return service;
  throw new PreflightError(`${component} does not run: ${describeState({ ...service, state: service.phase })}`, {
    hint: wayUp(service),
  });
}

function wayUp({ component, phase }: LiveService): string {
  switch (phase) {
    case "restarting":
      return `slipway logs ${component} says why it ends`;
    case "paused":
    case "removing":
      return `slipway restart ${component}`;
    default:
      return `slipway start ${component}`;
  }
}
