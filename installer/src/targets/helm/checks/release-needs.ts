import type { KubeObject } from "../../../platform/cluster-ports.ts";
import { kinds } from "../kinds.ts";
import { idLabel, named } from "../labels.ts";
import { holds, type JobObject, type PodSpec } from "../objects.ts";
import { amountOf } from "../quantities.ts";
import type { HelmCheckContext } from "./cluster-check.ts";

/** Amounts by resource: processors, bytes, or how many. */
export type Amounts = ReadonlyMap<string, number>;

/** What the pods of one workload or job are. */
export interface PodSet {
  /** Component or job. */
  readonly id: string;
  readonly kind: string;
  /** Name of its object. */
  readonly name: string;
  readonly pods: number;
  readonly spec: PodSpec;
}

interface Templated {
  readonly replicas?: number;
  readonly template?: { readonly spec: PodSpec };
}

/** The pods that a release starts by itself. */
export function podSetsOf(release: readonly KubeObject[]): readonly PodSet[] {
  return release.flatMap((object): readonly PodSet[] => {
    if (!["Deployment", "StatefulSet", "Job"].includes(object.kind)) return [];
    const { replicas = leastOf(release, object), template } = object["spec"] as Templated;
    if (template === undefined) return [];
    const { name, labels } = object.metadata;
    return [{ id: labels?.[idLabel] ?? name, kind: object.kind, name, pods: replicas, spec: template.spec }];
  });
}

/** Those of a release that are not done yet: a job of the same name that has completed is left as it is. */
export async function podSetsToRun({
  cluster,
  place,
  name,
  release,
}: Pick<HelmCheckContext, "cluster" | "place" | "name" | "release">): Promise<readonly PodSet[]> {
  const jobs = (await cluster.list(kinds.job, { ...place, labels: named(name) })) as readonly JobObject[];
  const done = new Set(
    jobs.filter(({ status }) => holds(status?.conditions, "Complete")).map(({ metadata }) => metadata.name),
  );
  return podSetsOf(release).filter((set) => set.kind !== kinds.job.kind || !done.has(set.name));
}

interface Autoscaler {
  readonly scaleTargetRef: { readonly kind: string; readonly name: string };
  readonly minReplicas?: number;
}

/** Pods that an autoscaler gives a workload at least; one where there is none. */
function leastOf(release: readonly KubeObject[], { kind, metadata }: KubeObject): number {
  const specs = release
    .filter((object) => object.kind === "HorizontalPodAutoscaler")
    .map((object) => object["spec"] as Autoscaler);
  const own = specs.find(({ scaleTargetRef: target }) => target.kind === kind && target.name === metadata.name);
  return own?.minReplicas ?? 1;
}

interface Resources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

export function resourcesOf(container: object): Resources {
  return (container as { readonly resources?: Resources }).resources ?? {};
}

/**
 * What the cluster counts for a pod, as `requests.cpu`, `limits.memory`: all of its containers together, or a step before them where that
 * alone needs more.
 */
export function amountsOfPod({ containers, initContainers = [] }: PodSpec): Amounts {
  const together = sum(containers.map(amountsOfContainer));
  const amounts = new Map(together);
  for (const step of initContainers.map(amountsOfContainer)) {
    for (const [resource, amount] of step) amounts.set(resource, Math.max(amounts.get(resource) ?? 0, amount));
  }
  return amounts;
}

function amountsOfContainer(container: object): Amounts {
  const { requests = {}, limits = {} } = resourcesOf(container);
  return new Map([
    // What has a limit and no request asks for its limit.
    ...Object.entries({ ...limits, ...requests }).map(([name, of]): [string, number] => [
      `requests.${name}`,
      amountOf(of),
    ]),
    ...Object.entries(limits).map(([name, of]): [string, number] => [`limits.${name}`, amountOf(of)]),
  ]);
}

export function sum(amounts: readonly Amounts[]): Amounts {
  const total = new Map<string, number>();
  for (const one of amounts) {
    for (const [resource, amount] of one) total.set(resource, (total.get(resource) ?? 0) + amount);
  }
  return total;
}

export function times(amounts: Amounts, count: number): Amounts {
  return new Map([...amounts].map(([resource, amount]) => [resource, amount * count]));
}
