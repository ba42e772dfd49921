import { ownPullSecret } from "../../../plan/pull-secrets.ts";
import type { CheckFinding } from "../../check.ts";
import { kinds } from "../kinds.ts";
import { type Condition, holds } from "../objects.ts";
import type { HelmCheck } from "./cluster-check.ts";

const pullTypes = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

export const pullSecrets: HelmCheck = {
  id: "cluster.pull-secrets",
  title: "every pull secret is there",
  why: "a registry that wants to know who asks gives no image without it",
  severity: "failure",
  run: async ({ cluster, place, plan, namespace }) => {
    // The install's own is made by the install.
    const named = plan.settings.cluster.imagePullSecrets.filter((name) => name !== ownPullSecret(plan.install.name));
    const found = await Promise.all(
      named.map(async (name): Promise<readonly CheckFinding[]> => {
        const ref = { ...kinds.secret, ...place, name };
        const secret = namespace === undefined ? undefined : await cluster.get(ref);
        const make = `kubectl create secret docker-registry ${name} --namespace ${place.namespace} --docker-server=… --docker-username=…`;
        if (secret === undefined) {
          const first = namespace === undefined ? `kubectl create namespace ${place.namespace}, then ` : "";
          return [
            {
              message: `cluster.imagePullSecrets names ${name}, and there is no such Secret in the namespace ${place.namespace}`,
              remedy: `${first}${make}`,
            },
          ];
        }
        const { type = "Opaque" } = secret as { readonly type?: string };
        if (pullTypes.includes(type)) return [];
        return [{ message: `the Secret ${name} is of the type ${type}, which gives no image`, remedy: make }];
      }),
    );
    return found.flat();
  },
};

export const priorityClass: HelmCheck = {
  id: "cluster.priority-class",
  title: "the priority class is there",
  why: "pods that name one that is not there are refused",
  severity: "failure",
  run: async ({ cluster, plan }) => {
    const { priorityClass: name } = plan.settings.cluster;
    if (name === "" || (await cluster.get({ ...kinds.priorityClass, name })) !== undefined) return [];
    const there = (await cluster.list(kinds.priorityClass, {})).map(({ metadata }) => metadata.name).toSorted();
    return [
      {
        message: `the cluster has no priority class ${name}`,
        remedy: `set cluster.priorityClass to one of ${there.join(", ")}, or leave it empty`,
      },
    ];
  },
};

const podMetrics = { apiVersion: "metrics.k8s.io/v1beta1", kind: "PodMetrics" } as const;

export const podMeasurements: HelmCheck = {
  id: "cluster.metrics",
  title: "the cluster measures what its pods use, where components grow with it",
  why: "an autoscaler that is told nothing leaves each at its least number of containers",
  severity: "warning",
  run: async ({ cluster, plan }) => {
    const growing = plan.components.flatMap(({ id, workload }) => (workload?.maxReplicas === undefined ? [] : [id]));
    if (growing.length === 0 || (await cluster.knows(podMetrics))) return [];
    return [
      {
        message: `the cluster does not measure what pods use (metrics.k8s.io), and ${growing.join(", ")} are to grow with it`,
        remedy:
          "have an administrator install metrics-server, or set maxReplicas of them to 0; until then each has as many containers as replicas says",
      },
    ];
  },
};

const routeGroup = "gateway.networking.k8s.io/v1";
/** Of the Gateway API; time-outs of routes are in its standard kinds from here on. */
const oldestMinor = 2;
const definition = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" } as const;

export const gatewayClass: HelmCheck = {
  id: "cluster.gateway-class",
  title: "the cluster has the gateway class and the kinds of the Gateway API",
  why: "without a controller that takes the class nobody reaches the platform",
  severity: "failure",
  run: async ({ cluster, plan }) => {
    const { name } = plan.settings.cluster.gatewayClass;
    if (name === "") return [];
    const kind = { apiVersion: routeGroup, kind: "HTTPRoute" };
    if (!(await cluster.knows(kind))) {
      return [
        {
          message: `cluster.gatewayClass.name is ${name}, and the cluster does not know the Gateway API (${routeGroup})`,
          remedy:
            "have an administrator install a controller with the kinds of the Gateway API, or leave cluster.gatewayClass.name empty",
        },
      ];
    }
    const routes = await cluster.get({ ...definition, name: "httproutes.gateway.networking.k8s.io" });
    const version = routes?.metadata.annotations?.["gateway.networking.k8s.io/bundle-version"];
    const minor = Number(/^v?1\.(\d+)/.exec(version ?? "")?.[1] ?? oldestMinor);
    if (minor < oldestMinor) {
      return [
        {
          message: `the cluster has the Gateway API ${version ?? ""}`,
          remedy: `have an administrator upgrade its kinds to v1.${oldestMinor} or later, or leave cluster.gatewayClass.name empty`,
        },
      ];
    }
    return classTaken(await cluster.get({ ...kinds.gatewayClass, name }), name, async () =>
      (await cluster.list(kinds.gatewayClass, {})).map(({ metadata }) => metadata.name),
    );
  },
};

async function classTaken(
  found: Readonly<Record<string, unknown>> | undefined,
  name: string,
  listNames: () => Promise<readonly string[]>,
): Promise<readonly CheckFinding[]> {
  if (found === undefined) {
    const names = (await listNames()).toSorted();
    const choice = names.length === 0 ? "leave it empty" : `set it to one of ${names.join(", ")}, or leave it empty`;
    return [{ message: `the cluster has no gateway class ${name} (cluster.gatewayClass.name)`, remedy: choice }];
  }
  const { conditions } = (found["status"] ?? {}) as { readonly conditions?: readonly Condition[] };
  if (holds(conditions, "Accepted")) return [];
  return [
    {
      severity: "warning",
      message: `no controller has taken the gateway class ${name}`,
      remedy: `see why: kubectl describe gatewayclass ${name}`,
    },
  ];
}
