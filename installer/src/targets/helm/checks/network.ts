import type { KubeObject } from "../../../platform/cluster-ports.ts";
import { toCidr } from "../../../render/helm/helm-cluster.ts";
import { contains, parseIpv4Range } from "../../host/ipv4-ranges.ts";
import { kinds } from "../kinds.ts";
import type { HelmCheck } from "./cluster-check.ts";

export const clusterDns: HelmCheck = {
  id: "cluster.dns",
  title: "cluster.dns names the pods that answer for names in the cluster",
  why: "network policies let pods ask these pods for names and nobody else; without names nothing finds anything",
  severity: "failure",
  run: async ({ cluster, plan }) => {
    const { namespace, selector } = plan.settings.cluster.dns;
    const pods = await cluster.listMetadata(kinds.pod, { namespace, labels: selector });
    if (pods.length > 0) return [];
    const message = `no pod in the namespace ${namespace} has the labels ${selector}, as cluster.dns says`;
    const labels = selectorOf(await cluster.get({ ...kinds.service, namespace: "kube-system", name: "kube-dns" }));
    if (labels === undefined || (labels === selector && namespace === "kube-system")) {
      return [
        {
          severity: "warning",
          message,
          remedy: "set cluster.dns.namespace and cluster.dns.selector to those of the pods that answer for names",
        },
      ];
    }
    return [{ message, remedy: `set cluster.dns.namespace=kube-system and cluster.dns.selector=${labels}` }];
  },
};

/** `k8s-app=kube-dns`. */
function selectorOf(service: KubeObject | undefined): string | undefined {
  const { selector } = (service?.["spec"] ?? {}) as { readonly selector?: Readonly<Record<string, string>> };
  if (selector === undefined) return undefined;
  return Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

interface EndpointSlice extends KubeObject {
  readonly endpoints?: readonly { readonly addresses: readonly string[] }[];
  readonly ports?: readonly { readonly port?: number }[];
}

export const apiServerAllowed: HelmCheck = {
  id: "cluster.api-server",
  title: "cluster.apiServer lets jobs reach the API server",
  why: "a job that cannot say that it is done holds up everything that waits for it",
  severity: "failure",
  run: async ({ cluster, plan }) => {
    const { addresses, ports } = plan.settings.cluster.apiServer;
    const labels = "kubernetes.io/service-name=kubernetes";
    const found = (await cluster.list(kinds.endpointSlice, {
      namespace: "default",
      labels,
    })) as readonly EndpointSlice[];
    const outside = found
      .flatMap(({ endpoints = [] }) => endpoints.flatMap((endpoint) => endpoint.addresses))
      .filter((address) => addresses.length > 0 && !isInside(address, addresses));
    const shut = found.flatMap(({ ports: of = [] }) =>
      of.flatMap(({ port = 0 }) => (ports.includes(port) ? [] : [port])),
    );
    return [
      ...[...new Set(outside)].map((address) => ({
        message: `the API server is at ${address}, and cluster.apiServer.addresses allows ${addresses.join(", ")}`,
        remedy: `add ${address} to cluster.apiServer.addresses, or leave them empty`,
      })),
      ...[...new Set(shut)].map((port) => ({
        message: `the API server listens on port ${port}, and cluster.apiServer.ports allows ${ports.join(", ")}`,
        remedy: `add ${port} to cluster.apiServer.ports`,
      })),
    ];
  },
};

/** Ranges of IPv6 are read by nobody here: an address of it counts as allowed. */
function isInside(address: string, ranges: readonly string[]): boolean {
  const inner = parseIpv4Range(toCidr(address));
  if (inner === undefined) return true;
  return ranges.some((range) => {
    const outer = parseIpv4Range(toCidr(range));
    return outer !== undefined && contains(outer, inner);
  });
}
