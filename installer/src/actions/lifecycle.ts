import { InternalError } from "../errors/installer-error.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "./context.ts";

export interface LifecycleRequest extends InstallTarget {
  /** All of them when absent. */
  readonly component?: string;
  readonly timeoutSeconds?: number;
}

export interface LifecycleResult extends ResultHead<"LifecycleResult"> {
  readonly name: string;
  readonly action: "stop" | "start" | "restart";
  /** In the order they were touched. */
  readonly components: readonly { readonly id: string; readonly changed: boolean }[];
}

/** Stops components, dependents before what they depend on. */
export async function stop(_request: LifecycleRequest, _ports: ActionPorts): Promise<LifecycleResult> {
  return Promise.reject(new InternalError("stop is not built yet"));
}

/** Starts components in dependency order and waits until they are healthy. */
export async function start(_request: LifecycleRequest, _ports: ActionPorts): Promise<LifecycleResult> {
  return Promise.reject(new InternalError("start is not built yet"));
}

/** Restarts components in dependency order and waits until they are healthy. */
export async function restart(_request: LifecycleRequest, _ports: ActionPorts): Promise<LifecycleResult> {
  return Promise.reject(new InternalError("restart is not built yet"));
}
