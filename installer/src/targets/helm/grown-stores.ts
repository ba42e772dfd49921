import type { Plan } from "../../plan/model.ts";
import type { Cluster, KubeObject, ObjectRef } from "../../platform/cluster-ports.ts";
import { claimsOf, objectName, runsHere } from "../../render/helm/helm-scope.ts";
import { claimNames } from "./claims.ts";
import type { HelmPlace } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { named } from "./labels.ts";
import { amountOf } from "./quantities.ts";

interface ClaimSpec {
  readonly storageClassName?: string;
  readonly resources?: { readonly requests?: { readonly storage?: string } };
}

interface StoreObject extends KubeObject {
  readonly spec: {
    readonly volumeClaimTemplates?: readonly {
      readonly metadata: { readonly name: string };
      readonly spec: ClaimSpec;
    }[];
  };
}

export interface Growth {
  readonly claim: ObjectRef;
  /** Merge patch that asks for the size. */
  readonly patch: object;
}

/** Claims that are there and smaller than the plan wants them. */
export async function claimsToGrow(
  cluster: Cluster,
  place: HelmPlace,
  plan: Plan,
  install: string,
): Promise<readonly Growth[]> {
  const found = await cluster.list(kinds.claim, { ...place, labels: named(install) });
  const sizes = new Map(found.map(({ metadata, spec }) => [metadata.name, sizeOf(spec as ClaimSpec)]));
  return claimNames(plan).flatMap(({ name, volume }) => {
    const size = sizes.get(name);
    if (size === undefined || size >= volume.sizeGiB * 2 ** 30) return [];
    const patch = { spec: { resources: { requests: { storage: `${volume.sizeGiB}Gi` } } } };
    return [{ claim: { ...kinds.claim, ...place, name }, patch }];
  });
}

/**
 * Names of StatefulSets that have other claims than the plan wants. The API server lets nobody change those; one that is removed alone, with
 * its pods left running, is made anew by the release and takes the pods up.
 */
export async function storesToRemake(
  cluster: Cluster,
  place: HelmPlace,
  plan: Plan,
  install: string,
): Promise<ReadonlySet<string>> {
  const found = await cluster.list(kinds.statefulSet, { ...place, labels: named(install) });
  const there = new Map(found.map((object) => [object.metadata.name, templatesOf(object as StoreObject)]));
  const { storageClass } = plan.settings.cluster;
  const names = plan.components.filter(runsHere).flatMap((component) => {
    const name = objectName(plan, component.id);
    const templates = there.get(name);
    const wanted = claimsOf(component).map(({ name: claim, sizeGiB }) =>
      templateText(claim, sizeGiB * 2 ** 30, storageClass),
    );
    return templates === undefined || isSame(templates, wanted) ? [] : [name];
  });
  return new Set(names);
}

function templatesOf({ spec }: StoreObject): readonly string[] {
  return (spec.volumeClaimTemplates ?? []).map(({ metadata, spec: claim }) =>
    templateText(metadata.name, sizeOf(claim), claim.storageClassName ?? ""),
  );
}

function templateText(name: string, bytes: number, storageClass: string): string {
  return [name, bytes, storageClass].join(" ");
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.toSorted().join("\n") === right.toSorted().join("\n");
}

function sizeOf({ resources }: ClaimSpec): number {
  return amountOf(resources?.requests?.storage ?? 0);
}
