import { InternalError } from "../errors/installer-error.ts";
import type { LocalizedText } from "../plan/model.ts";
import type { ActionPorts, InstallTarget, ResultHead, ValuesSelection } from "./context.ts";
import type { Change } from "./plan.ts";
import type { VerifyResult } from "./verify.ts";

export interface InstallRequest extends InstallTarget {
  readonly values: ValuesSelection;
  /** Refuse unless the plan has this hash. */
  readonly planHash?: string;
  /** Stop after the preflight and say what would change. */
  readonly dryRun?: boolean;
  /** Do not prove the wires at the end. */
  readonly skipVerify?: boolean;
  /** Longest time for the whole bring-up, seconds; without it each component's own limit counts. */
  readonly timeoutSeconds?: number;
  /** Leave out components whose image can neither be found, pulled nor built, and record them as off. */
  readonly withoutUnavailable?: boolean;
  /** Components whose lost data is accepted: their empty stores are set up anew. */
  readonly acceptDataLoss?: readonly string[];
  /** Images built at the same time. */
  readonly jobs?: number;
}

export interface InstallResult extends ResultHead<"InstallResult"> {
  readonly name: string;
  readonly changed: boolean;
  readonly dryRun: boolean;
  readonly planHash: string;
  readonly release: number;
  readonly changes: readonly Change[];
  readonly urls: readonly { readonly component: string; readonly title: LocalizedText; readonly url: string }[];
  /** How to read the first password; absent when no login component is installed. */
  readonly firstPassword?: { readonly user: string; readonly secret: string; readonly command: string };
  readonly notInstalled: readonly NotInstalled[];
  readonly verify?: VerifyResult;
  readonly ms: number;
  readonly logFile?: string;
}

export interface NotInstalled {
  readonly component: string;
  readonly title: LocalizedText;
  readonly reason: string;
}

/**
 * Brings the platform to the state the values describe; does nothing when it is there already.
 * @throws LockedError, ValuesError, PreflightError, PlanChangedError, DataExpectedError, ApplyError, TimeoutError, WireError, InterruptedError
 */
export async function install(_request: InstallRequest, _ports: ActionPorts): Promise<InstallResult> {
  return Promise.reject(new InternalError("install is not built yet"));
}
