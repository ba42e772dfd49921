import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { openInstall, planOfInstall } from "../../execute/state/install.ts";
import type { ActionPorts, InstallTarget, ResultHead, ValuesSelection } from "../context.ts";

export interface AttachRequest extends InstallTarget {
  /** Target that the install is on, by name. */
  readonly mode?: string;
  /** They tell where on the target it is. */
  readonly values: ValuesSelection;
}

export interface AttachResult extends ResultHead<"AttachResult"> {
  readonly name: string;
  /** The state directory, which has the install's records now. */
  readonly stateDir: string;
  /** Where they are from: `namespace team of the context production`. */
  readonly place: string;
  readonly version: string;
  readonly profile: string;
  /** Counts the changes that were completed, from 1; 0 while the first is not. */
  readonly release: number;
  /** When the change began that is not complete. */
  readonly changeSince?: string;
}

/**
 * Makes a state directory for an install that was made from elsewhere. Its records are brought into the directory before any action sees
 * it, so that only what came of it is to be told.
 * @throws UsageError where the target keeps records in the state directory alone; PreflightError when nothing is installed there
 */
export async function attach(
  request: AttachRequest,
  { fs, target }: Pick<ActionPorts, "fs" | "target">,
): Promise<AttachResult> {
  const { kind } = target.identity;
  if (target.records === undefined) {
    throw new UsageError(`the records of an install on ${kind} are in its state directory alone`, {
      hint: "name that directory with --state-dir, or the target with --mode",
    });
  }
  const { place } = target.records;
  const install = await openInstall(request, fs);
  const plan = planOfInstall(install);
  if (plan === undefined) {
    throw new PreflightError(`nothing is installed under the name ${request.name} in the ${place}`, {
      hint: `check --name, and --set cluster.namespace=NAME; slipway install --mode ${kind} installs it`,
    });
  }
  const { applied, name, stateDir } = install;
  return {
    apiVersion: "slipway/v1",
    kind: "AttachResult",
    name,
    stateDir,
    place,
    version: plan.install.version,
    profile: plan.install.profile,
    release: applied.release,
    ...(applied.change === undefined ? {} : { changeSince: applied.change.at }),
  };
}
