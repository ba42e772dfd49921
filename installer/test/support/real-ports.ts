import type { ActionPorts } from "../../src/actions/context.ts";
import { createPlatformPorts, type PlatformPorts } from "../../src/platform/create-ports.ts";
import { createComposeTarget } from "../../src/targets/compose/compose-target.ts";

/** The adapters of this machine with the Compose target on them, and the engine itself for what a test does behind the program's back. */
export function realPorts(
  environment: Readonly<Record<string, string | undefined>> = {},
): PlatformPorts & Pick<ActionPorts, "target" | "images"> {
  const platform = createPlatformPorts(environment);
  return { ...platform, target: createComposeTarget({ ...platform, environment }), images: platform.docker };
}
