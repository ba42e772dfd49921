import { InternalError } from "../errors/installer-error.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "./context.ts";

export interface UninstallRequest extends InstallTarget {
  /** Remove volumes and the state directory too. */
  readonly purge: boolean;
  /** The name as the person typed it; must equal `name` when `purge` is set. */
  readonly confirmedName?: string;
}

export interface UninstallResult extends ResultHead<"UninstallResult"> {
  readonly name: string;
  readonly purged: boolean;
  readonly removed: {
    readonly containers: readonly string[];
    readonly networks: readonly string[];
    readonly volumes: readonly string[];
    readonly directories: readonly string[];
  };
  /** What is left on purpose. */
  readonly kept: { readonly volumes: readonly string[]; readonly stateDir?: string };
}

/**
 * Removes the platform; its data stays unless `purge`.
 * @throws UsageError when the confirmed name is not the install's; LockedError
 */
export async function uninstall(_request: UninstallRequest, _ports: ActionPorts): Promise<UninstallResult> {
  return Promise.reject(new InternalError("uninstall is not built yet"));
}
