import { InternalError } from "../errors/installer-error.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "./context.ts";

export interface LogsRequest extends InstallTarget {
  /** All of them when empty. */
  readonly components: readonly string[];
  readonly follow: boolean;
  readonly tail: number;
  /** Docker's notation: `10m`, `2026-11-21T10:00:00Z`. */
  readonly since?: string;
  readonly onLine: (component: string, line: string) => void;
}

export interface LogsResult extends ResultHead<"LogsResult"> {
  readonly lines: number;
  readonly components: readonly string[];
}

/**
 * Hands over the log lines of components; with `follow` until the signal aborts.
 * @throws UsageError for a component that is not installed
 */
export async function logs(_request: LogsRequest, _ports: ActionPorts): Promise<LogsResult> {
  return Promise.reject(new InternalError("logs is not built yet"));
}
