import type { LiveService } from "../live-platform.ts";
import type { LogOptions } from "../target.ts";
import type { HelmPorts } from "./helm-ports.ts";

/** Hands over the log lines of a service's pod; of one that was started again and has written nothing yet, those before. */
export async function readLogs(
  service: Pick<LiveService, "component" | "name">,
  { follow, tail, since, onLine }: LogOptions,
  signal: AbortSignal,
  { cluster, place }: Pick<HelmPorts, "cluster" | "place">,
): Promise<void> {
  const container = { ...place, pod: service.name, container: service.component };
  const options = { tail, ...(since === undefined ? {} : { since }) };
  const reading = { ...options, signal, onLine };
  await (follow ? cluster.followLogs(container, reading) : cluster.readLogs(container, reading));
}
