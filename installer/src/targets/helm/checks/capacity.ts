import type { KubeObject } from "../../../platform/cluster-ports.ts";
import type { CheckFinding } from "../../check.ts";
import { nameLabel } from "../labels.ts";
import { type Condition, holds, type PodObject } from "../objects.ts";
import { kinds } from "../kinds.ts";
import type { HelmCheck, HelmCheckContext } from "./cluster-check.ts";
import { amountOf, describeAmount } from "../quantities.ts";
import { type Amounts, amountsOfPod, type PodSet, podSetsToRun, sum, times } from "./release-needs.ts";

export interface NodeObject extends KubeObject {
  readonly spec?: {
    readonly unschedulable?: boolean;
    readonly taints?: readonly { readonly key: string; readonly effect: string }[];
  };
  readonly status?: {
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly conditions?: readonly Condition[];
  };
}

const resources = ["cpu", "memory", "ephemeral-storage"];

export const capacity: HelmCheck = {
  id: "cluster.capacity",
  title: "the nodes have room for the platform",
  why: "a pod that no node takes waits, and everything that needs it",
  severity: "failure",
  run: async (context) => {
    const { cluster } = context;
    const sets = await podSetsToRun(context);
    if (sets.length === 0) return [];
    const nodes = (await cluster.list(kinds.node, {})) as readonly NodeObject[];
    const usable = nodes.filter(takesPods);
    if (usable.length === 0) {
      return [
        {
          message: `none of the cluster's ${nodes.length} nodes takes pods`,
          remedy: "see why: kubectl get nodes (not ready, cordoned), kubectl describe node (taints)",
        },
      ];
    }
    const tooLarge = sets.filter((set) => !usable.some((node) => fits(amountsOfPod(set.spec), allocatableOf(node))));
    if (tooLarge.length > 0) return tooLarge.map((set) => noNodeFor(set, usable));
    return shortage(sets, await freeOf(usable, context));
  },
};

function takesPods({ spec, status }: NodeObject): boolean {
  const isTainted = (spec?.taints ?? []).some(({ effect }) => effect === "NoSchedule" || effect === "NoExecute");
  return spec?.unschedulable !== true && !isTainted && holds(status?.conditions, "Ready");
}

function allocatableOf({ status }: NodeObject): Amounts {
  return new Map(
    resources.flatMap((name) => {
      const has = status?.allocatable?.[name];
      return has === undefined ? [] : [[`requests.${name}`, amountOf(has)]];
    }),
  );
}

/** What a node says nothing about it has enough of. */
function fits(needed: Amounts, room: Amounts): boolean {
  return [...room].every(([resource, amount]) => (needed.get(resource) ?? 0) <= amount);
}

function noNodeFor({ id, spec }: PodSet, nodes: readonly NodeObject[]): CheckFinding {
  const needed = amountsOfPod(spec);
  const short = resources.flatMap((name) => {
    const key = `requests.${name}`;
    const most = Math.max(...nodes.map((node) => allocatableOf(node).get(key) ?? Number.POSITIVE_INFINITY));
    const need = needed.get(key) ?? 0;
    return need > most
      ? [`${describeAmount(name, need)} of ${name} (the largest node has ${describeAmount(name, most)})`]
      : [];
  });
  return {
    component: id,
    message: `its pod fits on no node: it asks for ${short.length === 0 ? "more than any one has" : short.join(", ")}`,
    remedy: "lower its resources in the values, or add a larger node",
  };
}

/** What nothing else asked for, on all nodes together. */
async function freeOf(nodes: readonly NodeObject[], { cluster, place, name }: HelmCheckContext): Promise<Amounts> {
  const fields = "status.phase!=Succeeded,status.phase!=Failed";
  const pods = (await cluster.list(kinds.pod, { fields })) as readonly PodObject[];
  const others = pods.filter(
    ({ metadata }) => metadata.namespace !== place.namespace || metadata.labels?.[nameLabel] !== name,
  );
  const usedOn = new Map(nodes.map(({ metadata }) => [metadata.name, [] as Amounts[]]));
  for (const { spec } of others) usedOn.get(spec.nodeName ?? "")?.push(amountsOfPod(spec));
  return sum(
    nodes.map((node) => {
      const used = sum(usedOn.get(node.metadata.name) ?? []);
      return new Map([...allocatableOf(node)].map(([key, has]) => [key, Math.max(0, has - (used.get(key) ?? 0))]));
    }),
  );
}

function shortage(sets: readonly PodSet[], free: Amounts): readonly CheckFinding[] {
  const needed = sum(sets.map(({ spec, pods }) => times(amountsOfPod(spec), pods)));
  const short = resources.flatMap((name) => {
    const [need, has] = [needed.get(`requests.${name}`) ?? 0, free.get(`requests.${name}`)];
    return has === undefined || need <= has
      ? []
      : [`${describeAmount(name, need)} of ${name} and ${describeAmount(name, has)} are free`];
  });
  if (short.length === 0) return [];
  return [
    {
      severity: "warning",
      message: `the platform's pods ask for ${short.join(", for ")}`,
      remedy:
        "fine where the cluster adds nodes by itself; otherwise pods wait: add nodes, or lower resources in the values and cluster.cpuRequestPercent",
    },
  ];
}
