import { compareText } from "../../language/compare-text.ts";
import type { Cluster, KubeKind, KubeObject } from "../../platform/cluster-ports.ts";
import { isRefused } from "../../platform/cluster-refusal.ts";
import type { HostInstall } from "../target.ts";
import type { HelmPlace } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { nameLabel, partLabel, partValue } from "./labels.ts";
import type { WorkloadObject } from "./objects.ts";

/** Every install of the cluster, by its workloads and claims; of this namespace alone where more may not be seen. */
export async function clusterInstalls(cluster: Cluster, place: HelmPlace): Promise<readonly HostInstall[]> {
  const [deployments, statefulSets, claims] = await Promise.all([
    listOurs(cluster, kinds.deployment, place),
    listOurs(cluster, kinds.statefulSet, place),
    listOurs(cluster, kinds.claim, place),
  ]);
  const workloads = [...deployments, ...statefulSets] as readonly KubeObject[] as readonly WorkloadObject[];
  const names = new Set([...workloads, ...claims].flatMap(({ metadata }) => metadata.labels?.[nameLabel] ?? []));
  return [...names].toSorted(compareText).map((name) => {
    const own = workloads.filter(({ metadata }) => metadata.labels?.[nameLabel] === name);
    const running = own.filter(({ status }) => (status?.readyReplicas ?? 0) > 0);
    const stores = claims.filter(({ metadata }) => metadata.labels?.[nameLabel] === name);
    return { name, services: own.length, running: running.length, stores: stores.length };
  });
}

async function listOurs(cluster: Cluster, kind: KubeKind, { namespace }: HelmPlace): Promise<readonly KubeObject[]> {
  const labels = `${partLabel}=${partValue}`;
  try {
    return await cluster.list(kind, { labels });
  } catch (error) {
    if (!isRefused(error, 403)) throw error;
    return cluster.list(kind, { namespace, labels });
  }
}
