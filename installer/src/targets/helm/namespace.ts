import type { Plan } from "../../plan/model.ts";
import type { Cluster, KubeObject, ObjectRef } from "../../platform/cluster-ports.ts";
import type { HelmPlace } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { partLabel, partValue } from "./labels.ts";
import { isOurs } from "./observe.ts";

/** Makes the namespace where there is none. One that others made stays as it is. */
export async function ensureNamespace(cluster: Cluster, place: HelmPlace, plan: Plan): Promise<void> {
  const { ref, object } = namespaceFor(place, plan);
  const found = await cluster.get(ref);
  if (found !== undefined && !isOurs(found)) return;
  await cluster.apply(object, { manager: "slipway", force: true });
}

/** The namespace as an install makes it. */
export function namespaceFor(
  { namespace }: HelmPlace,
  plan: Plan,
): { readonly ref: ObjectRef; readonly object: KubeObject } {
  const level = plan.settings.cluster.podSecurity;
  return {
    ref: { ...kinds.namespace, name: namespace },
    object: {
      ...kinds.namespace,
      metadata: {
        name: namespace,
        labels: {
          [partLabel]: partValue,
          "pod-security.kubernetes.io/enforce": level,
          "pod-security.kubernetes.io/warn": level,
        },
      },
    },
  };
}
