import type { ClusterSettings } from "../../plan/model.ts";

/** What the chart has to know about the cluster. */
export interface HelmCluster {
  /** Class of the claims; empty takes the cluster's default. */
  readonly storageClass: string;
  /** Secrets of type kubernetes.io/dockerconfigjson in the namespace. */
  readonly imagePullSecrets: readonly string[];
  /**
   * Cluster address of the Service `<install>-gateway`, under which pods then know the public names. An install makes that Service first
   * and fills it in; empty where the cluster's DNS leads these names here.
   */
  readonly gatewayAddress: string;
  readonly exposure: {
    readonly kind: ClusterSettings["exposure"]["kind"];
    readonly addresses: readonly string[];
    readonly class: string;
    readonly annotations: Readonly<Record<string, string>>;
  };
  /** A class of Gateway API that stands before the gateway; without a name there is none. */
  readonly gatewayClass: { readonly name: string; readonly namespace: string };
  readonly dns: { readonly namespace: string; readonly podLabels: Readonly<Record<string, string>> };
  /** Where jobs reach the API server, to say that they are done; any address when there is no CIDR. */
  readonly apiServer: { readonly cidrs: readonly string[]; readonly ports: readonly number[] };
  /** Empty takes the cluster's default. */
  readonly priorityClass: string;
  /**
   * Share of the CPU limit that is reserved, in percent. Memory is reserved in full.
   * @asType integer
   * @minimum 1
   * @maximum 100
   */
  readonly cpuRequestPercent: number;
  readonly ephemeralStorage: { readonly request: string; readonly limit: string };
  /**
   * Longest time a job may wait for what it needs, images included, before its own deadline counts.
   * @asType integer
   * @minimum 0
   */
  readonly jobWaitSeconds: number;
  /**
   * @asType integer
   * @minimum 0
   */
  readonly jobTtlSeconds: number;
  /** Whether pods may mount folders of images; `auto` from Kubernetes 1.35 on. */
  readonly imageVolumes: ClusterSettings["imageVolumes"];
}

/** The cluster's settings as the chart takes them. */
export function helmCluster(settings: ClusterSettings): HelmCluster {
  const { dns, gatewayClass, apiServer } = settings;
  return {
    storageClass: settings.storageClass,
    imagePullSecrets: settings.imagePullSecrets,
    gatewayAddress: "",
    exposure: settings.exposure,
    gatewayClass: { name: gatewayClass.name, namespace: gatewayClass.namespace },
    dns: { namespace: dns.namespace, podLabels: labelsOf(dns.selector) },
    apiServer: { cidrs: apiServer.addresses.map(toCidr), ports: apiServer.ports },
    priorityClass: settings.priorityClass,
    cpuRequestPercent: settings.cpuRequestPercent,
    ephemeralStorage: settings.ephemeralStorage,
    jobWaitSeconds: settings.jobWaitSeconds,
    jobTtlSeconds: settings.jobTtlSeconds,
    imageVolumes: settings.imageVolumes,
  };
}

/** An address as the range that holds it alone. */
export function toCidr(address: string): string {
  if (address.includes("/")) return address;
  return `${address}/${address.includes(":") ? 128 : 32}`;
}

/** `k8s-app=kube-dns,tier=a` as a map. */
function labelsOf(selector: string): Readonly<Record<string, string>> {
  return Object.fromEntries(selector.split(",").map((pair) => pair.split("=") as [string, string]));
}
