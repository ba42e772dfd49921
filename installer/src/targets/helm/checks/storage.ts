import type { KubeObject } from "../../../platform/cluster-ports.ts";
import type { CheckFinding } from "../../check.ts";
import { claimNames } from "../claims.ts";
import { kinds } from "../kinds.ts";
import { named } from "../labels.ts";
import type { HelmCheck, HelmCheckContext } from "./cluster-check.ts";
import { amountOf } from "../quantities.ts";

interface StorageClassObject extends KubeObject {
  readonly provisioner?: string;
  readonly allowVolumeExpansion?: boolean;
}

interface ClaimObject extends KubeObject {
  readonly spec: {
    readonly storageClassName?: string;
    readonly resources?: { readonly requests?: { readonly storage?: string } };
  };
}

interface VolumeObject extends KubeObject {
  readonly spec?: { readonly storageClassName?: string; readonly capacity?: { readonly storage?: string } };
  readonly status?: { readonly phase?: string };
}

const defaultAnnotation = "storageclass.kubernetes.io/is-default-class";

export const storage: HelmCheck = {
  id: "cluster.storage",
  title: "a storage class makes the volumes",
  why: "a claim that is never bound holds up its component, and everything that needs it",
  severity: "failure",
  run: async (context) => {
    const { cluster, place, name, plan } = context;
    const claims = claimNames(plan);
    if (claims.length === 0) return [];
    const classes = (await cluster.list(kinds.storageClass, {})) as readonly StorageClassObject[];
    const found = (await cluster.list(kinds.claim, { ...place, labels: named(name) })) as readonly ClaimObject[];
    const there = new Map(found.map((claim) => [claim.metadata.name, claim]));
    const missing = claims.filter((claim) => !there.has(claim.name));
    return [
      ...(missing.length === 0 ? [] : await classFor(missing, classes, context)),
      ...claims.flatMap((claim) => growth(claim, there.get(claim.name), classes)),
      ...claims.flatMap((claim) => otherClass(claim, there.get(claim.name), plan.settings.cluster.storageClass)),
    ];
  },
};

type Planned = ReturnType<typeof claimNames>[number];

async function classFor(
  missing: readonly Planned[],
  classes: readonly StorageClassObject[],
  context: HelmCheckContext,
): Promise<readonly CheckFinding[]> {
  const { storageClass } = context.plan.settings.cluster;
  const names = classes.map(({ metadata }) => metadata.name).toSorted();
  const choice =
    names.length === 0 ? "have an administrator add one" : `set cluster.storageClass to one of ${names.join(", ")}`;
  if (storageClass === "") {
    const usual = classes.find(({ metadata }) => metadata.annotations?.[defaultAnnotation] === "true");
    if (usual !== undefined) return volumesOf(usual, missing, context);
    return [
      { message: "the cluster has no default storage class, and cluster.storageClass names none", remedy: choice },
    ];
  }
  const chosen = classes.find(({ metadata }) => metadata.name === storageClass);
  if (chosen !== undefined) return volumesOf(chosen, missing, context);
  return [{ message: `the cluster has no storage class ${storageClass}`, remedy: choice }];
}

/** A class that makes no volumes has only those that somebody made for it. */
async function volumesOf(
  { metadata, provisioner }: StorageClassObject,
  missing: readonly Planned[],
  { cluster }: HelmCheckContext,
): Promise<readonly CheckFinding[]> {
  if (provisioner !== "kubernetes.io/no-provisioner") return [];
  const volumes = (await cluster.list(kinds.volume, {})) as readonly VolumeObject[];
  const sizes = volumes
    .filter(({ spec, status }) => spec?.storageClassName === metadata.name && status?.phase === "Available")
    .map(({ spec }) => amountOf(spec?.capacity?.storage ?? 0))
    .toSorted((a, b) => a - b);
  // The largest first, each on the smallest volume that holds it.
  const unmet = missing
    .toSorted((a, b) => b.volume.sizeGiB - a.volume.sizeGiB)
    .filter(({ volume }) => {
      const index = sizes.findIndex((size) => size >= volume.sizeGiB * 2 ** 30);
      if (index >= 0) sizes.splice(index, 1);
      return index < 0;
    });
  return unmet.map(({ component, volume }) => ({
    component: component.id,
    message: `the storage class ${metadata.name} makes no volumes, and none of ${volume.sizeGiB}Gi or more is free for ${volume.name}`,
    remedy: "make one by hand, set cluster.storageClass to a class that makes volumes, or lower storage.size",
  }));
}

/** A claim keeps its class for good; an empty choice asks for none in particular. */
function otherClass(
  { component, name }: Planned,
  claim: ClaimObject | undefined,
  wanted: string,
): readonly CheckFinding[] {
  const has = claim?.spec.storageClassName;
  if (wanted === "" || has === undefined || has === wanted) return [];
  return [
    {
      severity: "warning",
      component: component.id,
      message: `its claim ${name} is of the storage class ${has} and stays there; cluster.storageClass (${wanted}) is for claims that are made anew`,
      remedy: `set cluster.storageClass to ${has}, or move its data to a claim of ${wanted} by hand`,
    },
  ];
}

function growth(
  { component, volume, name }: Planned,
  claim: ClaimObject | undefined,
  classes: readonly StorageClassObject[],
): readonly CheckFinding[] {
  const has = amountOf(claim?.spec.resources?.requests?.storage ?? 0);
  if (claim === undefined || volume.sizeGiB * 2 ** 30 <= has) return [];
  const used = classes.find(({ metadata }) => metadata.name === claim.spec.storageClassName);
  if (used === undefined || used.allowVolumeExpansion === true) return [];
  return [
    {
      component: component.id,
      message: `its claim ${name} has ${has / 2 ** 30} GiB and is to have ${volume.sizeGiB}, and the storage class ${used.metadata.name} lets no claim grow`,
      remedy: `set the size back, or have an administrator set allowVolumeExpansion of the class ${used.metadata.name}, where its driver can do it`,
    },
  ];
}
