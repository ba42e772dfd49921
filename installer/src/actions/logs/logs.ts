import { UsageError } from "../../errors/installer-error.ts";
import { openInstall, planOfInstall } from "../../execute/state/install.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";

export interface LogsRequest extends InstallTarget {
  /** All of them when empty. */
  readonly components: readonly string[];
  readonly follow: boolean;
  /** Lines from the end; all of them when negative. */
  readonly tail: number;
  /** `10m`, or a time such as `2026-11-21T10:00:00Z`. */
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
export async function logs(
  request: LogsRequest,
  ports: Pick<ActionPorts, "fs" | "target" | "signal">,
): Promise<LogsResult> {
  const install = await openInstall(request, ports.fs);
  const known = planOfInstall(install)
    ?.components.filter(({ workload }) => workload !== undefined)
    .map(({ id }) => id);
  const live = await ports.target.observe(install, { components: known ?? request.components, images: [] });
  if (live.services.size === 0) await requireInstalledHere(install, ports);
  const wanted = request.components.length > 0 ? request.components : [...live.services.keys()].sort();
  const services = wanted.flatMap((id) => live.services.get(id) ?? []);
  const unknown = wanted.filter((id) => !live.services.has(id));
  if (unknown.length > 0) {
    throw new UsageError(`there is no container of ${unknown.join(", ")}`, {
      hint: `components with logs: ${[...live.services.keys()].sort().join(", ") || "none"}`,
    });
  }
  let lines = 0;
  const { follow, tail, since } = request;
  await Promise.all(
    services.map((service) => {
      const onLine = (line: string): void => {
        lines += 1;
        request.onLine(service.component, line);
      };
      const options = { follow, tail, onLine, ...(since === undefined ? {} : { since }) };
      return ports.target.logs(service, options, ports.signal);
    }),
  );
  return { apiVersion: "slipway/v1", kind: "LogsResult", lines, components: wanted };
}
