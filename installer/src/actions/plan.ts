import { InternalError } from "../errors/installer-error.ts";
import type { ActionPorts, InstallTarget, ResultHead, ValuesSelection } from "./context.ts";

export interface PlanRequest extends InstallTarget {
  readonly values: ValuesSelection;
  /** Compare with what was recorded only; the engine is not asked. */
  readonly offline?: boolean;
}

export type ChangeAction = "create" | "recreate" | "restart" | "run" | "remove" | "unchanged";

/** What happens to one component, job or volume, and why. */
export interface Change {
  readonly subject: "component" | "job" | "volume";
  readonly id: string;
  readonly action: ChangeAction;
  /** For example `resources.memoryMiB 512 → 1024`. */
  readonly reasons: readonly string[];
}

export interface PlanResult extends ResultHead<"PlanResult"> {
  readonly name: string;
  readonly profile: string;
  /** What `install --plan-hash` insists on. */
  readonly hash: string;
  readonly offline: boolean;
  readonly changed: boolean;
  readonly counts: Readonly<Record<ChangeAction, number>>;
  readonly changes: readonly Change[];
}

/**
 * Says what an install would create, change, recreate and remove, and changes nothing.
 * @throws ValuesError, PreflightError
 */
export async function plan(_request: PlanRequest, _ports: ActionPorts): Promise<PlanResult> {
  return Promise.reject(new InternalError("plan is not built yet"));
}
