import { PreflightError } from "../../errors/installer-error.ts";
import type { Identity } from "../../execute/state/records.ts";
import type { Component, Plan, Volume } from "../../plan/model.ts";
import type { Cluster, KubeObject } from "../../platform/cluster-ports.ts";
import { claimName } from "../../render/helm/helm-claims.ts";
import { claimsOf } from "../../render/helm/helm-scope.ts";
import { storeId } from "../../render/rendering.ts";
import type { HelmPlace } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { installAnnotation, named, ownLabels } from "./labels.ts";

/**
 * Makes the claims that StatefulSets would make, before they do: only so can they say from the first moment whose data they hold.
 * @returns the stores, `component/volume`, whose claim was not there
 */
export async function makeClaims(
  cluster: Cluster,
  place: HelmPlace,
  plan: Plan,
  identity: Pick<Identity, "uuid" | "name">,
): Promise<readonly string[]> {
  const missing = await missingIn(cluster, place, plan, identity.name);
  for (const claim of missing) await cluster.create(claimOf(plan, claim, place, identity));
  return [
    ...new Set(missing.map(({ component, volume }) => storeId({ component: component.id, volume: volume.name }))),
  ];
}

/** The claims that `makeClaims` would make. */
export async function missingClaims(
  cluster: Cluster,
  place: HelmPlace,
  plan: Plan,
  identity: Pick<Identity, "uuid" | "name">,
): Promise<readonly KubeObject[]> {
  const missing = await missingIn(cluster, place, plan, identity.name);
  return missing.map((claim) => claimOf(plan, claim, place, identity));
}

async function missingIn(
  cluster: Cluster,
  place: HelmPlace,
  plan: Plan,
  install: string,
): Promise<readonly PlannedClaim[]> {
  const found = await cluster.listMetadata(kinds.claim, { ...place, labels: named(install) });
  const there = new Set(found.map(({ metadata }) => metadata.name));
  return claimNames(plan).filter(({ name }) => !there.has(name));
}

/** A claim of a person's own that a component keeps something in. */
export interface KeptClaim {
  readonly component: string;
  readonly claim: string;
}

/** The claims that a plan names and nobody but a person makes. */
export function keptClaims({ components }: Plan): readonly KeptClaim[] {
  return components.flatMap(({ id, volumes }) =>
    volumes.flatMap(({ claim }) => (claim === undefined ? [] : [{ component: id, claim }])),
  );
}

/**
 * Looks for the claims of a person's own before pods wait for them.
 * @throws PreflightError naming one that is not there
 */
export async function requireKeptClaims(cluster: Cluster, place: HelmPlace, plan: Plan): Promise<void> {
  for (const kept of keptClaims(plan)) {
    const found = await cluster.get({ ...kinds.claim, ...place, name: kept.claim });
    if (found !== undefined) continue;
    const { message, remedy } = missingKept(kept, place);
    throw new PreflightError(message, { hint: remedy });
  }
}

/** What there is to say of a claim that is not there. */
export function missingKept({ component, claim }: KeptClaim, { namespace }: HelmPlace) {
  return {
    message: `there is no claim ${claim} in the namespace ${namespace}, which ${component}.claim names`,
    remedy: `make that PersistentVolumeClaim there (docs/backup.md has one to copy), or name another: --set ${component}.claim=NAME. A claim is of one namespace: what another one is to reach has to lie on a server`,
  };
}

interface PlannedClaim {
  readonly component: Component;
  readonly volume: Volume;
  readonly name: string;
}

/** The claims of a plan, one for each pod of a store's component, and one of what only jobs work on. */
export function claimNames(plan: Plan): readonly PlannedClaim[] {
  return plan.components.flatMap((component) => {
    const pods = Array.from({ length: component.workload?.replicas ?? 1 }, (_, index) => index);
    return claimsOf(component).flatMap((volume) =>
      pods.map((index) => ({
        component,
        volume,
        name: claimName(plan, { component: component.id, volume: volume.name }, index),
      })),
    );
  });
}

function claimOf(
  { settings }: Plan,
  { component, volume, name }: PlannedClaim,
  { namespace }: HelmPlace,
  identity: Pick<Identity, "uuid" | "name">,
): KubeObject {
  const { storageClass } = settings.cluster;
  return {
    ...kinds.claim,
    metadata: {
      name,
      namespace,
      labels: ownLabels(identity.name, component.id),
      annotations: { [installAnnotation]: identity.uuid },
    },
    spec: {
      accessModes: ["ReadWriteOnce"],
      ...(storageClass === "" ? {} : { storageClassName: storageClass }),
      resources: { requests: { storage: `${volume.sizeGiB}Gi` } },
    },
  };
}
