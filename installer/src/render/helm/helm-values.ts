import type { HelmCluster } from "./helm-cluster.ts";

/** The data that the chart `charts/platform` loops over. The chart knows Kubernetes and no component; this knows components and no object. */
export interface HelmValues {
  readonly install: { readonly name: string; readonly profile: string; readonly version: string };
  readonly pullPolicy: "Always" | "IfNotPresent" | "Never";
  readonly cluster: HelmCluster;
  /**
   * Keyed digest of all secrets of each unit, filled in by `withSecretDigests`. Its first ten characters end the names of the unit's
   * Secrets, so that a changed secret is another Secret and starts new pods.
   */
  readonly secretDigests: Readonly<Record<string, string>>;
  readonly components: readonly HelmComponent[];
  readonly jobs: readonly HelmJob[];
  /** Public names that lead to the gateway, also from inside. */
  readonly publicNames: readonly string[];
  /** For a Gateway of the cluster that stands before the gateway. */
  readonly listeners: readonly HelmListener[];
}

/** One container and what belongs to it: a component's own, a job's, or a job that runs in a component's pod. */
export interface HelmUnit {
  readonly id: string;
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly uid: number;
  readonly env: readonly HelmEnv[];
  /** Contents of the ConfigMap by key. */
  readonly config: Readonly<Record<string, string>>;
  readonly configFiles: readonly HelmFile[];
  /** Files of the Secret `<install>-files-<id>[-<digest>]`, which is made before the release. */
  readonly secretFiles: readonly HelmFile[];
  readonly scratch: readonly { readonly path: string; readonly sizeMiB: number }[];
  readonly mounts: readonly HelmMount[];
  /** What holds a copied folder of an image, or, with `folder`, a folder of an image itself. Only where the cluster can mount one. */
  readonly folderMounts?: readonly {
    readonly volume: string;
    readonly path: string;
    readonly readOnly?: true;
    readonly folder?: string;
  }[];
  /** Where the ConfigMap `<install>-notices-<id>`, which a run writes and removes, is mounted when it is there. */
  readonly notices?: string;
  readonly resources: { readonly cpus: number; readonly memoryMiB: number; readonly yields?: true };
}

/** A volume of the pod: the folder in it that is called as the volume is, or as `folder` says, or all of it. */
export interface HelmMount {
  readonly volume: string;
  readonly path: string;
  readonly folder?: string;
  readonly whole?: true;
  readonly readOnly?: true;
}

/** A claim that a pod names itself: no StatefulSet gives it. */
export interface HelmClaim {
  /** Name of the volume in the pod. */
  readonly name: string;
  readonly claim: string;
  /** Component whose volume it is. Pods with volumes of the same one run on the same node, which alone may have them. */
  readonly of: string;
  /** Folder that is made in it and mounted; absent of a claim that is a person's own. */
  readonly folder?: string;
  /** A service's own pod holds it, too, and makes the folder. */
  readonly held?: true;
}

/** A literal, or a key of the Secret `<install>-env-<unit>[-<digest>]`. */
export type HelmEnv =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly secret: true };

export interface HelmFile {
  readonly path: string;
  readonly key: string;
}

export interface HelmPod {
  /** Image with a shell, `install` and `/usr/local/bin/probe`, for the steps before the container; empty where there are none. */
  readonly stepImage: string;
  readonly unit: HelmUnit;
  /** Changes with every file and secret reference, so that a changed configuration starts new pods. Values of secrets: `secretDigests`. */
  readonly configHash: string;
  /** Marker ConfigMaps of jobs that must have completed. */
  readonly after: readonly { readonly job: string; readonly marker: string }[];
  /** Addresses that must answer first. */
  readonly waits: readonly { readonly id: string; readonly address: string }[];
  readonly claims?: readonly HelmClaim[];
  /** It calls the gateway, and knows the public names under its address. */
  readonly callsGateway: boolean;
  readonly egress: readonly HelmEdge[];
}

export interface HelmComponent extends HelmPod {
  readonly id: string;
  /** Of all that its objects are made of, but for values of secrets. */
  readonly specHash: string;
  readonly kind: "Deployment" | "StatefulSet";
  readonly zone: string;
  /** Pods that run; the least of them where an autoscaler may add some. */
  readonly replicas: number;
  /** `max` pods may run: more are added while those there are use more than `cpuMilli` thousandths of a processor each. */
  readonly autoscale?: { readonly max: number; readonly cpuMilli: number };
  readonly update: "rolling" | "recreate";
  readonly stopSeconds: number;
  readonly ports: readonly HelmPort[];
  readonly published: readonly { readonly port: number; readonly targetPort: number }[];
  readonly probes: { readonly ready: HelmProbe; readonly live: HelmProbe; readonly startSeconds: number };
  readonly volumes: readonly { readonly name: string; readonly sizeGiB: number; readonly dataClass: string }[];
  /** Pods of others mount its volumes, on the node that its own pod is on. */
  readonly shared?: true;
  /** Folders of its image that a step copies to where its own user may read them. */
  readonly imageFolders?: readonly {
    readonly volume: string;
    readonly sizeGiB: number;
    readonly image: string;
    /** Id of the unit that copies it. */
    readonly job: string;
  }[];
  /** Jobs on the component's own volumes: they run in its pod before it. */
  readonly init: readonly HelmUnit[];
  readonly ingress: readonly HelmIngress[];
}

/** The chart names the Job by its id and a hash of all it contains, the cluster's settings included: a Job cannot be changed. */
export interface HelmJob extends HelmPod {
  readonly id: string;
  /** As a component's. */
  readonly specHash: string;
  readonly component: string;
  readonly deadlineSeconds: number;
  readonly trigger: "bring-up" | "request";
  /** What says in the pod itself that the job has completed; absent for one that only runs when asked for. */
  readonly mark?: HelmMark;
}

export interface HelmMark {
  /** ConfigMap whose key `done` becomes `<specHash>.<digest of the job's secrets>`. */
  readonly configMap: string;
  /** Image of the toolbox. */
  readonly image: string;
}

export interface HelmPort {
  readonly name: string;
  readonly port: number;
}

/** One of the three Kubernetes probe actions, or a program in the container. */
export type HelmProbe =
  | { readonly kind: "http"; readonly port: number; readonly path: string }
  | { readonly kind: "tcp"; readonly port: number }
  | { readonly kind: "exec"; readonly command: readonly string[] };

/** Whom a pod may call: another pod, or an address outside. */
export type HelmEdge =
  | { readonly kind: "unit"; readonly to: string; readonly ports: readonly number[] }
  | { readonly kind: "outside"; readonly cidrs: readonly string[]; readonly port: number };

/** Who may call a pod. */
export type HelmIngress =
  | { readonly kind: "unit"; readonly from: string; readonly ports: readonly number[] }
  | { readonly kind: "gatewayClass"; readonly ports: readonly number[] }
  | { readonly kind: "anyone"; readonly ports: readonly number[] };

export interface HelmListener {
  readonly id: string;
  /** Absent when the platform is reached by address: Gateway API has no listener for an IP address. */
  readonly hostname?: string;
  readonly port: number;
  readonly tls: boolean;
  /** Port of the gateway that it leads to, without TLS. */
  readonly backendPort: number;
}
