import pLimit from "p-limit";
import { ApplyError } from "../../errors/installer-error.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Plan } from "../../plan/model.ts";
import type { KubeKind, KubeObject } from "../../platform/cluster-ports.ts";
import type { ImpossibleChange, Rendering } from "../../render/rendering.ts";
import type { Rehearsal } from "../target.ts";
import { missingClaims } from "./claims.ts";
import { claimsToGrow, storesToRemake } from "./grown-stores.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { idLabel } from "./labels.ts";
import { namespaceFor } from "./namespace.ts";
import type { PodSpec, WorkloadObject } from "./objects.ts";
import { isOurs } from "./observe.ts";
import { renderRelease } from "./rendered-release.ts";

/** Requests under way at once. */
const together = 12;

/**
 * Has the API server go through every object of a change as if it were made: validation, quotas, PodSecurity, policies and webhooks. No mode
 * of helm does that. Workloads make their pods later, so each is tried with a pod of its own.
 * @throws PreflightError when the cluster does not answer or there is no helm; ApplyError when helm cannot make the release
 */
export async function rehearseRelease(
  install: Pick<Install, "name" | "identity">,
  { plan, rendering }: { readonly plan: Plan; readonly rendering: Rendering },
  ports: HelmPorts,
): Promise<Rehearsal> {
  const { cluster, place } = ports;
  const wanted = namespaceFor(place, plan);
  const namespace = await cluster.get(wanted.ref);
  const limit = pLimit(together);
  const tryAll = async (tries: readonly (() => Promise<unknown>)[]): Promise<readonly ImpossibleChange[]> =>
    (await Promise.all(tries.map((attempt) => limit(() => refusalOf(attempt))))).flat();
  if (namespace === undefined) {
    const make = () => cluster.apply(wanted.object, { manager: "slipway", force: true, dryRun: true });
    return {
      refused: await tryAll([make]),
      untried: `the namespace ${place.namespace} is not there yet, so the cluster was not asked what it would refuse in it`,
    };
  }
  const release = await renderRelease(rendering.files, install.name, ports);
  const foreign = await foreignObjects(release, install.name, ports);
  const own = release.filter((object) => !foreign.has(keyOf(object)));
  const remade = await storesToRemake(cluster, place, plan, install.name);
  const sent = own.filter((object) => !isRemade(object, remade));
  const claims = await missingClaims(cluster, place, plan, { uuid: install.identity?.uuid ?? "", name: install.name });
  const grown = await claimsToGrow(cluster, place, plan, install.name);
  const relabelled = isOurs(namespace) && !hasLabels(namespace, wanted.object);
  const pods = own.flatMap(podOf);
  const refused = await tryAll([
    ...sent.map(
      (object) => () => cluster.apply(ownedBy(install.name, object), { manager: "helm", force: true, dryRun: true }),
    ),
    ...grown.map(
      ({ claim, patch }) =>
        () =>
          cluster.merge(claim, patch, { dryRun: true }),
    ),
    ...claims.map((claim) => () => cluster.create(claim, { dryRun: true })),
  ]);
  const refusedPods = await tryAll(pods.map((pod) => () => cluster.create(pod, { dryRun: true })));
  return {
    refused: [
      ...[...foreign.values()].map((object) => notOurs(object, install.name)),
      ...refused,
      ...refusedPods.filter(({ message }) => holdsWhenMade(message, relabelled)),
    ],
  };
}

/** Made from nothing: what a change of it would be refused for does not count. */
function isRemade({ kind, metadata }: KubeObject, names: ReadonlySet<string>): boolean {
  return kind === kinds.statefulSet.kind && names.has(metadata.name);
}

/** A quota counts the pods that run now, which give way; and a level that the change sets is not that of now. */
function holdsWhenMade(message: string, relabelled: boolean): boolean {
  if (message.includes("exceeded quota")) return false;
  return !(relabelled && message.includes("violates PodSecurity"));
}

async function refusalOf(attempt: () => Promise<unknown>): Promise<readonly ImpossibleChange[]> {
  try {
    await attempt();
    return [];
  } catch (error) {
    if (!(error instanceof ApplyError)) throw error;
    const message = [error.message, ...error.details].join("; ");
    return [{ message, hint: error.hint ?? "change what it names in the values, or have an administrator allow it" }];
  }
}

/** Objects of these names that helm would not take over. */
async function foreignObjects(
  release: readonly KubeObject[],
  name: string,
  { cluster, place }: Pick<HelmPorts, "cluster" | "place">,
): Promise<ReadonlyMap<string, KubeObject>> {
  const all = new Map(
    release.map(({ apiVersion, kind }): [string, KubeKind] => [`${apiVersion}/${kind}`, { apiVersion, kind }]),
  );
  const found = await Promise.all(
    [...all.values()].map(async (kind) =>
      (await cluster.listMetadata(kind, place)).map((object) => ({ ...object, ...kind })),
    ),
  );
  const wanted = new Set(release.map(keyOf));
  const others = found.flat().filter((object) => {
    const { annotations } = object.metadata;
    return wanted.has(keyOf(object)) && annotations?.["meta.helm.sh/release-name"] !== name;
  });
  return new Map(others.map((object) => [keyOf(object), object]));
}

function keyOf({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.name}`;
}

function notOurs({ kind, metadata }: KubeObject, release: string): ImpossibleChange {
  const owner = metadata.annotations?.["meta.helm.sh/release-name"];
  const whose = owner === undefined ? "no release of helm made it" : `the release ${owner} made it`;
  return {
    message: `the ${kind} ${metadata.name} is in the namespace ${metadata.namespace ?? ""} already, and ${whose}`,
    hint: `remove it, or give another --name than ${release} or another cluster.namespace`,
  };
}

/** As helm sends it. */
function ownedBy(release: string, object: KubeObject): KubeObject {
  const { metadata } = object;
  const owner = {
    "meta.helm.sh/release-name": release,
    "meta.helm.sh/release-namespace": metadata.namespace ?? "",
  };
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, ...owner } } };
}

function hasLabels(found: KubeObject, { metadata: { labels = {} } }: KubeObject): boolean {
  return Object.entries(labels).every(([key, value]) => found.metadata.labels?.[key] === value);
}

interface ClaimTemplate {
  readonly metadata: { readonly name: string };
}

/** A pod as the workload or job would make it. Its service account is not there before the release is. */
function podOf(object: KubeObject): readonly KubeObject[] {
  if (!["Deployment", "StatefulSet", "Job"].includes(object.kind)) return [];
  const { template, volumeClaimTemplates = [] } = object["spec"] as WorkloadObject["spec"] & {
    readonly volumeClaimTemplates?: readonly ClaimTemplate[];
  };
  const { name, namespace = "" } = object.metadata;
  const spec = Object.fromEntries(
    Object.entries(template.spec).filter(([field]) => field !== "serviceAccountName"),
  ) as PodSpec;
  const volumes = (spec["volumes"] ?? []) as readonly object[];
  const claimed = volumeClaimTemplates.map(({ metadata }) => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: `${metadata.name}-${name}-0` },
  }));
  const labels = { ...template.metadata?.labels, [idLabel]: object.metadata.labels?.[idLabel] ?? name };
  return [
    {
      ...kinds.pod,
      metadata: { name: `${name}-rehearsal`, namespace, labels },
      spec: { ...spec, volumes: [...volumes, ...claimed] },
    },
  ];
}
