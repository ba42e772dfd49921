import type { Check, CheckContext } from "../../../targets/check.ts";
import type { Elsewhere } from "../../status/elsewhere.ts";
import type { StatusResult } from "../../status/status.ts";

/** What checks of an installed platform look at. */
export interface LiveCheckContext extends CheckContext {
  /** Undefined when nothing is installed; of a platform that could not be looked at, why. */
  readonly status: StatusResult | { readonly unknown: string } | undefined;
  /** A platform of this name that runs here, and whose records lie somewhere else. */
  readonly elsewhere?: Elsewhere | undefined;
}

export type LiveCheck = Check<LiveCheckContext>;

/** The status, when something is installed and could be looked at. */
export function seen({ status }: LiveCheckContext): StatusResult | undefined {
  return status === undefined || "unknown" in status ? undefined : status;
}

export const dayMs = 86_400_000;
