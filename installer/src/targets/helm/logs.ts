import type { LiveService } from "../live-platform.ts";
import type { LogOptions } from "../target.ts";
import type { HelmPorts } from "./helm-ports.ts";

/** Hands over the log lines of a service's pod; of one that was started again and has written nothing yet, those before. */
export async function readLogs(
  service: LiveService,
  { follow, tail, since, onLine }: LogOptions,
  signal: AbortSignal,
  { cluster, place }: Pick<HelmPorts, "cluster" | "place">,
): Promise<void> {
  const container = { ...place, pod: service.name, container: service.component };
  const options = { tail, ...(since === undefined ? {} : { since }) };
  if (follow) return cluster.followLogs(container, { ...options, signal, onLine });
  for (const line of await cluster.logs(container, options)) onLine(line);
}
