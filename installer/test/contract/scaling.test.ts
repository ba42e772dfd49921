import { beforeAll, describe, expect, it } from "vitest";
import type { KubernetesObject } from "../../src/render/hardening/hardening-input.ts";
import { referencePlan } from "../support/compose-reference.ts";
import { templatePlan } from "./helm.ts";

/** What docs/scaling.md says of the profile `ha`, on the objects that the chart makes of it. */

interface WorkloadSpec {
  readonly replicas?: number;
  readonly strategy?: {
    readonly type: string;
    readonly rollingUpdate?: { readonly maxUnavailable: number; readonly maxSurge: number };
  };
  readonly template: { readonly spec: PodSpec };
}

interface PodSpec {
  readonly topologySpreadConstraints?: readonly { readonly topologyKey: string; readonly whenUnsatisfiable: string }[];
  readonly affinity?: { readonly podAntiAffinity?: object };
  readonly containers: readonly { readonly resources: { readonly limits: { readonly cpu: string } } }[];
}

interface AutoscalerSpec {
  readonly scaleTargetRef: { readonly name: string };
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly metrics: readonly [{ readonly resource: { readonly target: { readonly averageValue: string } } }];
}

interface Named<Spec> {
  readonly name: string;
  readonly spec: Spec;
}

interface Placed {
  readonly workload: string;
  readonly node: Node;
}

interface Node {
  readonly name: string;
  readonly zone: string;
}

const plan = referencePlan("ha");
const several = plan.components.flatMap(({ id, workload }) => ((workload?.replicas ?? 1) > 1 ? [`slipway-${id}`] : []));

let objects: readonly KubernetesObject[];
beforeAll(async () => {
  objects = await templatePlan(plan);
});

function ofKind(kind: string): readonly Named<unknown>[] {
  return objects
    .filter((object) => object.kind === kind)
    .map((object) => ({ name: object.metadata.name, spec: object["spec"] }));
}

function deployments(): readonly Named<WorkloadSpec>[] {
  return ofKind("Deployment") as readonly Named<WorkloadSpec>[];
}

function autoscalers(): readonly Named<AutoscalerSpec>[] {
  return ofKind("HorizontalPodAutoscaler") as readonly Named<AutoscalerSpec>[];
}

/** Workloads with the pods that they have at least. */
function workloads(): readonly { readonly name: string; readonly pods: number; readonly spec: WorkloadSpec }[] {
  const least = new Map(autoscalers().map(({ name, spec }) => [name, spec.minReplicas]));
  return [...deployments(), ...(ofKind("StatefulSet") as readonly Named<WorkloadSpec>[])].map(({ name, spec }) => ({
    name,
    spec,
    pods: spec.replicas ?? least.get(name) ?? 1,
  }));
}

/** Thousandths of a processor in `500m`. */
function milli(amount: string): number {
  return Number(/^(\d+)m$/.exec(amount)?.[1] ?? Number.NaN);
}

const cluster: readonly Node[] = ["a", "b", "c"].flatMap((zone) => [1, 2].map((n) => ({ name: `${zone}${n}`, zone })));

/** Places pods as a scheduler does that has room everywhere: by each constraint in turn where the fewest of the workload are. */
function place(nodes: readonly Node[]): readonly Placed[] {
  const placed: Placed[] = [];
  for (const { name, pods, spec } of workloads()) {
    for (let index = 0; index < pods; index += 1)
      placed.push({ workload: name, node: choose(spec, name, placed, nodes) });
  }
  return placed;
}

function choose({ template }: WorkloadSpec, workload: string, placed: readonly Placed[], nodes: readonly Node[]): Node {
  const own = placed.filter((pod) => pod.workload === workload);
  let left = nodes;
  for (const { topologyKey } of template.spec.topologySpreadConstraints ?? []) {
    const part = (node: Node): string => (topologyKey === "kubernetes.io/hostname" ? node.name : node.zone);
    const count = (node: Node): number => own.filter((pod) => part(pod.node) === part(node)).length;
    const least = Math.min(...left.map(count));
    left = left.filter((node) => count(node) === least);
  }
  return left[0]!;
}

function servingAfter(placed: readonly Placed[], isLost: (node: Node) => boolean): ReadonlySet<string> {
  return new Set(placed.filter(({ node }) => !isLost(node)).map(({ workload }) => workload));
}

describe("the profile ha", () => {
  it("has several of every component that can be several", () => {
    expect(several.map((name) => name.replace("slipway-", "")).toSorted()).toEqual(
      workloads()
        .filter(({ pods }) => pods > 1)
        .map(({ name }) => name.replace("slipway-", ""))
        .toSorted(),
    );
    expect(
      workloads()
        .filter(({ pods }) => pods === 1)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(["casdoor", "gitaly", "gitlab-shell", "nats", "temporal"].map((id) => `slipway-${id}`));
  });

  it("asks for zones first and nodes next, and keeps off a node of its own where it can", () => {
    for (const { name, pods, spec } of workloads()) {
      const { topologySpreadConstraints = [], affinity } = spec.template.spec;
      const asked = topologySpreadConstraints.map(
        ({ topologyKey, whenUnsatisfiable }) => `${topologyKey} ${whenUnsatisfiable}`,
      );
      const wanted =
        pods > 1 ? ["topology.kubernetes.io/zone ScheduleAnyway", "kubernetes.io/hostname ScheduleAnyway"] : [];

      expect([name, asked]).toEqual([name, wanted]);
      expect(affinity !== undefined).toBe(pods > 1);
    }
  });

  it.each(cluster)("serves with all that is several when node $name of three zones is lost", ({ name }) => {
    const serving = servingAfter(place(cluster), (node) => node.name === name);

    expect(several.filter((workload) => !serving.has(workload))).toEqual([]);
  });

  it.each(["a", "b", "c"])("serves with all that is several when zone %s is lost", (zone) => {
    const serving = servingAfter(place(cluster), (node) => node.zone === zone);

    expect(several.filter((workload) => !serving.has(workload))).toEqual([]);
  });

  it("lets every node be drained, and keeps at least one of all that is several meanwhile", () => {
    const budgets = new Map(
      (ofKind("PodDisruptionBudget") as readonly Named<{ readonly maxUnavailable: number }>[]).map(({ name, spec }) => [
        name,
        spec.maxUnavailable,
      ]),
    );
    const placed = place(cluster);

    for (const drained of cluster) {
      for (const { name, pods } of workloads()) {
        const here = placed.filter((pod) => pod.workload === name && pod.node.name === drained.name).length;
        // What was evicted has to be back elsewhere before the budget allows the next.
        const lowest = here === 0 ? pods : pods - Math.min(here, budgets.get(name) ?? pods);
        expect([name, budgets.get(name)]).toEqual([name, 1]);
        if (pods > 1) expect([name, lowest >= 1]).toEqual([name, true]);
      }
    }
  });

  it("replaces pods of what is several one by one, each after the new one serves", () => {
    for (const { name, pods, spec } of workloads()) {
      if (pods === 1) continue;
      const { maxUnavailable = Number.NaN, maxSurge = Number.NaN } = spec.strategy?.rollingUpdate ?? {};
      let [old, fresh, fewest] = [pods, 0, pods];
      while (old > 0) {
        fresh += Math.min(maxSurge, pods - fresh);
        old -= Math.min(old, old + fresh - (pods - maxUnavailable));
        fewest = Math.min(fewest, old + fresh);
      }
      expect([name, fewest, fresh]).toEqual([name, pods, pods]);
    }
  });
});

describe("an autoscaler of the profile ha", () => {
  it("counts each workload whose number the release leaves out, and no other", () => {
    const counted = autoscalers().map(({ spec }) => spec.scaleTargetRef.name);
    const open = deployments().flatMap(({ name, spec }) => (spec.replicas === undefined ? [name] : []));

    expect(counted.toSorted()).toEqual(open.toSorted());
    expect(counted.length).toBeGreaterThan(0);
  });

  it("adds pods early enough that the others can do the work of one that is lost", () => {
    for (const { scaleTargetRef, minReplicas, metrics } of autoscalers().map(({ spec }) => spec)) {
      const limits = deployments().find(({ name }) => name === scaleTargetRef.name)?.spec.template.spec.containers[0]
        ?.resources.limits;
      const busy = milli(metrics[0].resource.target.averageValue) * minReplicas;

      expect(busy).toBeLessThanOrEqual(milli(limits?.cpu ?? "") * (minReplicas - 1));
    }
  });

  it("comes to rest between its least and its most, whatever the load", () => {
    for (const { minReplicas, maxReplicas, metrics } of autoscalers().map(({ spec }) => spec)) {
      const target = milli(metrics[0].resource.target.averageValue);
      for (const load of [0, 1, 2, 3, 4, 40].map((share) => share * target)) {
        let pods = minReplicas;
        // As the controller counts: what is used by all, over what one may use, rounded up.
        for (let round = 0; round < 5; round += 1) {
          pods = Math.min(maxReplicas, Math.max(minReplicas, Math.ceil((pods * (load / pods)) / target)));
        }
        expect(pods).toBe(Math.min(maxReplicas, Math.max(minReplicas, load / target)));
      }
    }
  });
});
