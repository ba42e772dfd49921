import { createMemoryCluster, type MemoryCluster } from "../../../../../test/support/memory-cluster.ts";
import { fakeContext } from "../../../../../test/support/fake-check-context.ts";
import type { KubeObject } from "../../../../platform/cluster-ports.ts";
import type { CheckFinding } from "../../../check.ts";
import type { ClusterSettings, Plan } from "../../../../plan/model.ts";
import { kinds } from "../../kinds.ts";
import type { HelmCheck, HelmCheckContext } from "../cluster-check.ts";

export const place = { namespace: "hub" };

/** A cluster of one roomy node with a default storage class, a DNS and the install's namespace, which others made. */
export function readyCluster(): MemoryCluster {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });
  memory.put(node("one", {}));
  memory.put(storageClass("standard", { isDefault: true }));
  memory.put({
    ...kinds.pod,
    metadata: { name: "dns", namespace: "kube-system", labels: { "k8s-app": "kube-dns" } },
    spec: { containers: [] },
  });
  return memory;
}

export function node(name: string, allocatable: Readonly<Record<string, string>>, fields: object = {}): KubeObject {
  return {
    ...kinds.node,
    metadata: { name },
    spec: fields,
    status: {
      allocatable: { cpu: "16", memory: "64Gi", ...allocatable },
      conditions: [{ type: "Ready", status: "True" }],
    },
  };
}

export function storageClass(
  name: string,
  { isDefault = false, ...fields }: { readonly isDefault?: boolean; readonly [field: string]: unknown },
): KubeObject {
  const annotations = isDefault ? { "storageclass.kubernetes.io/is-default-class": "true" } : {};
  return { ...kinds.storageClass, metadata: { name, annotations }, provisioner: "driver", ...fields };
}

/** A workload of a release, with one container. */
export function workload(
  id: string,
  { replicas = 1, cpu = "100m", cpuLimit = "1", memory = "1Gi" }: Readonly<Record<string, string | number>> = {},
): KubeObject {
  return {
    ...kinds.deployment,
    metadata: { name: `slipway-${id}`, ...place, labels: { "app.kubernetes.io/name": id } },
    spec: {
      replicas,
      template: {
        spec: {
          containers: [
            { name: id, image: id, resources: { requests: { cpu, memory }, limits: { cpu: cpuLimit, memory } } },
          ],
        },
      },
    },
  };
}

/** What one check finds in a cluster. */
export async function found(
  check: HelmCheck,
  memory: MemoryCluster,
  fields: Partial<HelmCheckContext> & { readonly settings?: Partial<ClusterSettings> } = {},
): Promise<readonly CheckFinding[]> {
  const { settings, ...given } = fields;
  const host = fakeContext();
  const context = {
    ...host,
    plan: withSettings(host.plan, settings),
    cluster: memory.cluster,
    place,
    namespace: memory.find("Namespace", place.namespace),
    release: [workload("web")],
    ...given,
  };
  return check.run(context);
}

/** A plan with other settings of the cluster. */
export function withSettings(plan: Plan, settings: Partial<ClusterSettings> = {}): Plan {
  return { ...plan, settings: { ...plan.settings, cluster: { ...plan.settings.cluster, ...settings } } };
}
