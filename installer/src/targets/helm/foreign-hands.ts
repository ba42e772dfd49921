import type { KubeObject } from "../../platform/cluster-ports.ts";

interface ManagedFields {
  readonly manager?: string;
  readonly subresource?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}

/** Field managers that change what they are meant to: helm itself, and Slipway, which scales what it stops. */
const ownManagers: ReadonlySet<string> = new Set(["helm", "slipway"]);

/** Who but us holds fields of an object's `spec`: what was changed by hand, as the API server keeps count of it. */
export function foreignHands(object: KubeObject): readonly string[] {
  return managedFieldsOf(object).flatMap(({ manager = "somebody", subresource, fieldsV1 }) =>
    subresource === undefined && !ownManagers.has(manager) && fieldsV1?.["f:spec"] !== undefined ? [manager] : [],
  );
}

/** Whether a manager says how many pods a workload has. */
export function saysReplicas(object: KubeObject, name: string): boolean {
  return managedFieldsOf(object).some(({ manager, subresource, fieldsV1 }) => {
    const spec = fieldsV1?.["f:spec"] as Readonly<Record<string, unknown>> | undefined;
    return manager === name && subresource === undefined && spec?.["f:replicas"] !== undefined;
  });
}

function managedFieldsOf({ metadata }: KubeObject): readonly ManagedFields[] {
  return (metadata as typeof metadata & { readonly managedFields?: readonly ManagedFields[] }).managedFields ?? [];
}
