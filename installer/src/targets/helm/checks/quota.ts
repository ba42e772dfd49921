import type { KubeObject } from "../../../platform/cluster-ports.ts";
import type { CheckFinding } from "../../check.ts";
import { claimNames } from "../claims.ts";
import { kinds } from "../kinds.ts";
import { named } from "../labels.ts";
import type { PodObject, ServiceObject } from "../objects.ts";
import type { HelmCheck, HelmCheckContext } from "./cluster-check.ts";
import { amountOf, describeAmount } from "../quantities.ts";
import { type Amounts, amountsOfPod, type PodSet, podSetsToRun, sum, times } from "./release-needs.ts";

interface QuotaObject extends KubeObject {
  readonly spec?: {
    readonly hard?: Readonly<Record<string, string>>;
    readonly scopes?: readonly string[];
    readonly scopeSelector?: object;
  };
  readonly status?: { readonly used?: Readonly<Record<string, string>> };
}

const quotaKind = { apiVersion: "v1", kind: "ResourceQuota" } as const;

export const quotas: HelmCheck = {
  id: "cluster.quota",
  title: "the quotas of the namespace leave room for the platform",
  why: "pods and claims over a quota are refused one by one while the platform starts",
  severity: "failure",
  run: async (context) => {
    const { cluster, place } = context;
    const found = (await cluster.list(quotaKind, place)) as readonly QuotaObject[];
    const counted = found.filter(countsEverything);
    if (counted.length === 0) return [];
    const [needed, owned] = await Promise.all([needOf(context), ownUse(context)]);
    return counted.flatMap((quota) => shortages(quota, needed, owned, context));
  },
};

/** One for some pods only, such as those of a priority class, tells nothing about ours. */
function countsEverything({ spec }: QuotaObject): boolean {
  const { scopes = [], scopeSelector } = spec ?? {};
  return (
    scopeSelector === undefined && scopes.every((scope) => scope === "NotBestEffort" || scope === "NotTerminating")
  );
}

function shortages(
  { metadata, spec, status }: QuotaObject,
  needed: Amounts,
  owned: Amounts,
  { plan }: HelmCheckContext,
): readonly CheckFinding[] {
  return Object.entries(spec?.hard ?? {}).flatMap(([key, hard]) => {
    const resource = resourceOf(key);
    const need = needed.get(resource) ?? 0;
    const left = amountOf(hard) - amountOf(status?.used?.[key] ?? 0) + (owned.get(resource) ?? 0);
    if (need <= left) return [];
    const { cpuRequestPercent } = plan.settings.cluster;
    const less = resource === "requests.cpu" ? `, or lower cluster.cpuRequestPercent (now ${cpuRequestPercent})` : "";
    return [
      {
        message: `the quota ${metadata.name} has ${describeAmount(resource, Math.max(0, left))} of ${key} left, and the platform needs ${describeAmount(resource, need)}`,
        remedy: `have an administrator raise the ResourceQuota ${metadata.name} by ${describeAmount(resource, need - left)}, or lower resources of components in the values${less}`,
      },
    ];
  });
}

/** `cpu` is the short name of `requests.cpu`, `count/pods` another of `pods`. */
function resourceOf(key: string): string {
  if (["cpu", "memory", "ephemeral-storage"].includes(key)) return `requests.${key}`;
  return key.replace(/^count\/(pods|services|persistentvolumeclaims)$/, "$1");
}

async function needOf(context: HelmCheckContext): Promise<Amounts> {
  const { release, plan } = context;
  const claims = claimNames(plan);
  const { storageClass } = plan.settings.cluster;
  const bytes = claims.reduce((total, { volume }) => total + volume.sizeGiB * 2 ** 30, 0);
  return sum([
    ...(await podSetsToRun(context)).map(amountsOfSet),
    countsOf(release as readonly ServiceObject[]),
    new Map([
      ["persistentvolumeclaims", claims.length],
      ["requests.storage", bytes],
      ...(storageClass === ""
        ? []
        : ([[`${storageClass}.storageclass.storage.k8s.io/requests.storage`, bytes]] as const)),
    ]),
  ]);
}

export function amountsOfSet({ spec, pods }: PodSet): Amounts {
  return times(new Map([...amountsOfPod(spec), ["pods", 1]]), pods);
}

function countsOf(objects: readonly ServiceObject[]): Amounts {
  const services = objects.filter(({ kind }) => kind === "Service");
  const ofType = (type: string): number => services.filter(({ spec }) => spec.type === type).length;
  return new Map([
    ["services", services.length],
    ["services.loadbalancers", ofType("LoadBalancer")],
    ["services.nodeports", ofType("LoadBalancer") + ofType("NodePort")],
  ]);
}

/** What the install itself has in use already: it does not need that twice. */
async function ownUse({ cluster, place, name }: HelmCheckContext): Promise<Amounts> {
  const query = { ...place, labels: named(name) };
  const [pods, claims, services] = await Promise.all([
    cluster.list(kinds.pod, query) as Promise<readonly PodObject[]>,
    cluster.list(kinds.claim, query),
    cluster.list(kinds.service, query) as Promise<readonly ServiceObject[]>,
  ]);
  const counted = pods.filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");
  return sum([
    ...counted.map(({ spec }) => new Map([...amountsOfPod(spec), ["pods", 1]])),
    ...claims.map(amountsOfClaim),
    countsOf(services),
  ]);
}

function amountsOfClaim({ spec }: KubeObject): Amounts {
  const { storageClassName = "", resources } = spec as {
    readonly storageClassName?: string;
    readonly resources?: { readonly requests?: { readonly storage?: string } };
  };
  const bytes = amountOf(resources?.requests?.storage ?? 0);
  return new Map([
    ["persistentvolumeclaims", 1],
    ["requests.storage", bytes],
    [`${storageClassName}.storageclass.storage.k8s.io/requests.storage`, bytes],
  ]);
}
