import type { Cluster } from "../../platform/cluster-ports.ts";
import type { HelmPlace } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import type { EventObject, PodObject } from "./objects.ts";
import { statusOf } from "./pods.ts";

interface Listening {
  readonly cluster: Pick<Cluster, "logs" | "list">;
  readonly place: HelmPlace;
  readonly redact: (line: string) => string;
}

const linesShown = 30;

/** The last lines that a container wrote, for messages; of one that was started again, those before it ended. */
export async function lastLinesOf(
  pod: PodObject,
  container: string,
  { cluster, place, redact }: Listening,
): Promise<readonly string[]> {
  const status = statusOf(pod, container);
  const previous = status?.state?.terminated === undefined && status?.lastState?.terminated !== undefined;
  const at = { ...place, pod: pod.metadata.name, container };
  const lines = await cluster.logs(at, { tail: linesShown, previous }).catch(() => []);
  return lines.length === 0 ? [] : [`last lines of ${container}:`, ...lines.map((line) => `  ${redact(line)}`)];
}

/** What the node last said about a pod's probes. */
export async function lastProbe(pod: PodObject, { cluster, place }: Listening): Promise<string | undefined> {
  const events = await cluster
    .list(kinds.event, { ...place, fields: `involvedObject.name=${pod.metadata.name},reason=Unhealthy` })
    .catch(() => []);
  const newest = (events as readonly EventObject[]).toSorted((a, b) =>
    (b.lastTimestamp ?? "").localeCompare(a.lastTimestamp ?? ""),
  )[0];
  return newest?.message?.trim();
}
