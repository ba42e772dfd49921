import type { WireResult } from "../../../toolbox/src/contract.ts";
import { InternalError } from "../errors/installer-error.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "./context.ts";

export interface VerifyRequest extends InstallTarget {
  /** Only wires from or to this component. */
  readonly component?: string;
  /** Called for each wire as it finishes. */
  readonly onWire?: (wire: WireResult) => void;
}

export interface VerifyResult extends ResultHead<"VerifyResult"> {
  readonly name: string;
  readonly ok: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly wires: readonly WireResult[];
  /** Wires that were not tried because a component is not installed. */
  readonly skipped: readonly { readonly wire: string; readonly component: string; readonly reason: string }[];
  readonly ms: number;
}

/**
 * Proves every wire from inside the platform's networks. Failed wires are in the result; `requireWires` makes them an error.
 * @throws PreflightError when nothing is installed
 */
export async function verify(_request: VerifyRequest, _ports: ActionPorts): Promise<VerifyResult> {
  return Promise.reject(new InternalError("verify is not built yet"));
}

/**
 * Ends with the documented exit code when a wire failed.
 * @throws WireError naming each failed wire, its address and likely cause
 */
export function requireWires(_result: VerifyResult): void {
  throw new InternalError("verify is not built yet");
}
