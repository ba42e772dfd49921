import type { Cluster } from "../../platform/cluster-ports.ts";
import type { TargetFacts } from "../target.ts";

/** Version and platform of the API server. */
export async function clusterFacts(cluster: Pick<Cluster, "version">): Promise<TargetFacts> {
  const { version, platform } = await cluster.version();
  return { version, apiVersion: version.replace(/^v?(\d+\.\d+).*$/, "$1"), platform };
}
