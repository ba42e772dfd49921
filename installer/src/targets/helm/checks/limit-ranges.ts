import type { KubeObject } from "../../../platform/cluster-ports.ts";
import type { CheckFinding } from "../../check.ts";
import { claimNames } from "../claims.ts";
import type { HelmCheck, HelmCheckContext } from "./cluster-check.ts";
import { amountOf, describeAmount } from "../quantities.ts";
import { amountsOfPod, podSetsOf, resourcesOf } from "./release-needs.ts";

interface LimitRangeObject extends KubeObject {
  readonly spec?: { readonly limits?: readonly Limit[] };
}

interface Limit {
  readonly type: string;
  readonly min?: Readonly<Record<string, string>>;
  readonly max?: Readonly<Record<string, string>>;
  readonly maxLimitRequestRatio?: Readonly<Record<string, string>>;
}

/** Something whose size is limited. */
interface Sized {
  readonly id: string;
  readonly what: string;
  readonly requests: Readonly<Record<string, number>>;
  readonly limits: Readonly<Record<string, number>>;
}

export const limitRanges: HelmCheck = {
  id: "cluster.limits",
  title: "no LimitRange of the namespace forbids a pod or claim of the platform",
  why: "what is larger or smaller than it allows is refused while the platform starts",
  severity: "failure",
  run: async (context) => {
    const { cluster, place } = context;
    const found = (await cluster.list({ apiVersion: "v1", kind: "LimitRange" }, place)) as readonly LimitRangeObject[];
    const sized = sizesIn(context);
    return found.flatMap(({ metadata, spec }) =>
      (spec?.limits ?? []).flatMap((limit) => offences(metadata.name, limit, sized[limit.type] ?? [])),
    );
  },
};

function sizesIn({ release, plan }: HelmCheckContext): Readonly<Record<string, readonly Sized[]>> {
  const sets = podSetsOf(release);
  return {
    Container: sets.flatMap(({ id, spec }) =>
      [...(spec.initContainers ?? []), ...spec.containers].map((container): Sized => {
        const { requests = {}, limits = {} } = resourcesOf(container);
        const what = container.name === id ? "its container" : `its container ${container.name}`;
        return { id, what, requests: amountsIn(requests), limits: amountsIn(limits) };
      }),
    ),
    Pod: sets.map(({ id, spec }): Sized => {
      const amounts = [...amountsOfPod(spec)];
      const part = (prefix: string): Readonly<Record<string, number>> =>
        Object.fromEntries(
          amounts.flatMap(([key, amount]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), amount]] : [])),
        );
      return { id, what: "its pod", requests: part("requests."), limits: part("limits.") };
    }),
    PersistentVolumeClaim: claimNames(plan).map(({ component, volume }): Sized => {
      const storage = volume.sizeGiB * 2 ** 30;
      return { id: component.id, what: `its claim ${volume.name}`, requests: { storage }, limits: { storage } };
    }),
  };
}

function amountsIn(quantities: Readonly<Record<string, string>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, amountOf(quantity)]));
}

function offences(range: string, limit: Limit, sized: readonly Sized[]): readonly CheckFinding[] {
  const { min = {}, max = {}, maxLimitRequestRatio = {} } = limit;
  const remedy = `set resources of the component accordingly, or have an administrator change the LimitRange ${range}`;
  return sized.flatMap(({ id, what, requests, limits }): readonly CheckFinding[] => [
    ...Object.entries(max).flatMap(([resource, most]) => {
      const has = limits[resource] ?? requests[resource] ?? 0;
      if (has <= amountOf(most)) return [];
      const message = `${what} may use ${describeAmount(resource, has)} of ${resource}, and the LimitRange ${range} allows ${most}`;
      return [{ component: id, message, remedy }];
    }),
    ...Object.entries(min).flatMap(([resource, least]) => {
      const has = requests[resource] ?? 0;
      if (has >= amountOf(least)) return [];
      const message = `${what} asks for ${describeAmount(resource, has)} of ${resource}, and the LimitRange ${range} asks for ${least} at least`;
      return [{ component: id, message, remedy }];
    }),
    ...Object.entries(maxLimitRequestRatio).flatMap(([resource, most]) => {
      const ratio = (limits[resource] ?? 0) / (requests[resource] ?? 1);
      if (ratio <= amountOf(most)) return [];
      const raise = `set cluster.cpuRequestPercent to ${Math.ceil(100 / amountOf(most))} or more`;
      return [
        {
          component: id,
          message: `${what} may use ${Number(ratio.toFixed(1))} times the ${resource} that it asks for, and the LimitRange ${range} allows ${most} times`,
          remedy: resource === "cpu" ? `${raise}, or have an administrator change the LimitRange ${range}` : remedy,
        },
      ];
    }),
  ]);
}
