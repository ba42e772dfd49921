import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { readLiveState } from "../../execute/docker/live-state.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { readApplied, readRecordedPlan } from "../../execute/state/state-store.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";

export interface LogsRequest extends InstallTarget {
  /** All of them when empty. */
  readonly components: readonly string[];
  readonly follow: boolean;
  /** Lines from the end; all of them when negative. */
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
 * @throws PreflightError when nothing is installed; UsageError for a component that is not installed
 */
export async function logs(request: LogsRequest, ports: ActionPorts): Promise<LogsResult> {
  const layout = stateLayout(request.stateDir);
  const [plan, applied] = await Promise.all([readRecordedPlan(ports.fs, layout), readApplied(ports.fs, layout)]);
  const known = plan?.components.filter(({ workload }) => workload !== undefined).map(({ id }) => id);
  const live = await readLiveState(ports.docker, applied.project ?? request.name, known ?? request.components);
  const wanted = request.components.length > 0 ? request.components : [...live.services.keys()].sort();
  if (plan === undefined && live.services.size === 0) {
    throw new PreflightError(`nothing is installed under the name ${request.name}`, { hint: "slipway install" });
  }
  const unknown = wanted.filter((id) => !live.services.has(id));
  if (unknown.length > 0) {
    throw new UsageError(`there is no container of ${unknown.join(", ")}`, {
      hint: `components with logs: ${[...live.services.keys()].sort().join(", ") || "none"}`,
    });
  }
  let lines = 0;
  const take = (component: string, line: string): void => {
    lines += 1;
    request.onLine(component, line);
  };
  await Promise.all(
    wanted.map((component) => readOne(request, component, live.services.get(component)?.id ?? "", take, ports)),
  );
  return { apiVersion: "slipway/v1", kind: "LogsResult", lines, components: wanted };
}

async function readOne(
  request: LogsRequest,
  component: string,
  id: string,
  take: (component: string, line: string) => void,
  ports: ActionPorts,
): Promise<void> {
  const since = request.since === undefined ? {} : { since: request.since };
  if (!request.follow) {
    const lines = await ports.docker.logs(id, { tail: request.tail, ...since });
    for (const line of lines) take(component, line);
    return;
  }
  const onLine = (line: string): void => take(component, line);
  await ports.docker.followLogs(id, { tail: request.tail, ...since, signal: ports.signal, onLine });
}
