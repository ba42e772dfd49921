import type { Plan } from "../../plan/model.ts";
import { objectName } from "../../render/helm/helm-scope.ts";
import { saysReplicas } from "./foreign-hands.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import type { WorkloadObject } from "./objects.ts";
import { wantedPods } from "./pods.ts";

/**
 * Holds workloads that an autoscaler counts at their least number of pods or above; to be done before helm and after it. The release says no
 * number of them: one that helm said earlier goes with its next run, which would leave a single pod, and what was stopped stays so, because an
 * autoscaler does not count from none.
 */
export async function holdCounts(plan: Plan, { cluster, place }: Pick<HelmPorts, "cluster" | "place">): Promise<void> {
  for (const { id, workload } of plan.components) {
    if (workload?.maxReplicas === undefined) continue;
    const metadata = { ...place, name: objectName(plan, id) };
    const found = (await cluster.get({ ...kinds.deployment, ...metadata })) as WorkloadObject | undefined;
    if (found === undefined) continue;
    const pods = wantedPods(found);
    if (pods >= workload.replicas && !saysReplicas(found, "helm")) continue;
    const spec = { replicas: Math.max(pods, workload.replicas) };
    await cluster.apply({ ...kinds.deployment, metadata, spec }, { manager: "slipway", force: true });
  }
}
