import type { HostInstall } from "../../targets/target.ts";
import type { ActionPorts, ResultHead } from "../context.ts";

export interface InstallsResult extends ResultHead<"InstallsResult"> {
  /** By name. */
  readonly installs: readonly HostInstall[];
}

/**
 * The installs of this host, by what the target has of them: no records are needed.
 * @throws PreflightError when the target does not answer
 */
export async function listInstalls(
  _request: unknown,
  { target }: Pick<ActionPorts, "target">,
): Promise<InstallsResult> {
  return { apiVersion: "slipway/v1", kind: "InstallsResult", installs: await target.installs() };
}
