import type { Plan } from "../../plan/model.ts";
import type { Cluster } from "../../platform/cluster-ports.ts";
import { objectName } from "../../render/helm/helm-scope.ts";
import type { HelmPlace } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { idLabel, nameLabel, ownLabels } from "./labels.ts";
import type { ServiceObject } from "./objects.ts";

/**
 * The address of the gateway inside the cluster, which pods must know before they start: public names lead there. The Service is made before
 * the release where it is not there yet, as helm itself would make it, so that the release takes it over.
 * @returns undefined for a platform without a gateway
 */
export async function ensureGatewayService(
  cluster: Cluster,
  { namespace }: HelmPlace,
  plan: Plan,
): Promise<string | undefined> {
  const gateway = plan.components.find(({ role, workload }) => role === "gateway" && workload !== undefined);
  if (gateway === undefined) return undefined;
  const name = objectName(plan, gateway.id);
  const labels = { [idLabel]: gateway.id, [nameLabel]: plan.install.name };
  const ports = [...new Map(gateway.endpoints.map(({ id, port }) => [port, id]))];
  const found = (await cluster.get({ ...kinds.service, name, namespace })) as ServiceObject | undefined;
  const service =
    found ??
    ((await cluster.apply(
      {
        ...kinds.service,
        metadata: {
          name,
          namespace,
          labels: { ...ownLabels(plan.install.name, gateway.id), "app.kubernetes.io/managed-by": "Helm" },
          annotations: { "meta.helm.sh/release-name": plan.install.name, "meta.helm.sh/release-namespace": namespace },
        },
        spec: {
          type: "ClusterIP",
          selector: labels,
          ports: ports.map(([port, id]) => ({ name: id.toLowerCase(), port, targetPort: port, protocol: "TCP" })),
        },
      },
      { manager: "helm" },
    )) as ServiceObject);
  return service.spec.clusterIP;
}
