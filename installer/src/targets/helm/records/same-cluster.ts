import { PreflightError } from "../../../errors/installer-error.ts";
import type { Cluster } from "../../../platform/cluster-ports.ts";
import { isRefused } from "../../../platform/cluster-refusal.ts";
import type { RecordedPlace } from "./copy-record.ts";

/** What tells one cluster from another: the uid of a namespace that each has; undefined where it may not be read. */
export async function clusterUid(cluster: Cluster): Promise<string | undefined> {
  try {
    return (await cluster.get({ apiVersion: "v1", kind: "Namespace", name: "kube-system" }))?.metadata.uid;
  } catch (error) {
    if (isRefused(error, 403)) return undefined;
    throw error;
  }
}

/**
 * Makes sure that the cluster which answers is the one that an install is on.
 * @param isKnown whether the records in its namespace are those of this install: then it is, whatever else cannot be told
 * @throws PreflightError naming both
 */
export function requireSameCluster(recorded: RecordedPlace | undefined, seen: RecordedPlace, isKnown: boolean): void {
  if (recorded === undefined) return;
  const isOther =
    recorded.cluster !== undefined && seen.cluster !== undefined
      ? recorded.cluster !== seen.cluster
      : recorded.server !== seen.server && !isKnown;
  if (!isOther) return;
  throw new PreflightError(
    `wrong context: ${seen.context} leads to ${seen.server}, which is not the cluster that this install is on`,
    {
      hint: `make the context ${seen.context} of the kubeconfig lead to ${recorded.server} again, or name the one that does: --set cluster.context=NAME`,
      details: [
        `installed on: ${recorded.server}${recorded.cluster === undefined ? "" : ` (cluster ${recorded.cluster})`}`,
        `answers now: ${seen.server}${seen.cluster === undefined ? "" : ` (cluster ${seen.cluster})`}`,
      ],
    },
  );
}
