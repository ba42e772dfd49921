import type { Cluster, ClusterChoice } from "./cluster-ports.ts";
import { type ClusterAccess, readClusterAccess } from "./kubernetes/cluster-access.ts";
import type { ClusterCalls } from "./kubernetes/cluster-calls.ts";
import { type ClusterLimits, clusterLimits } from "./kubernetes/cluster-limits.ts";

export interface ClusterOptions {
  /** Aborts at Ctrl-C: questions under way end after a moment, changes are finished, and calls made later, to undo things, still work. */
  readonly signal?: AbortSignal;
  readonly limits?: ClusterLimits;
}

/** The cluster of a context of the kubeconfig that this environment names. What speaks to it is loaded at the first call. */
export function createCluster(
  choice: ClusterChoice,
  env: Readonly<Record<string, string | undefined>>,
  { signal, limits = clusterLimits }: ClusterOptions = {},
): Cluster {
  const interrupted = signal ?? new AbortController().signal;
  const readAccess = (): ClusterAccess => readClusterAccess(env, choice.context);
  let made: Promise<ClusterCalls> | undefined;
  const calls = (): Promise<ClusterCalls> =>
    (made ??= import("./kubernetes/cluster-calls.ts").then(({ createClusterCalls }) =>
      createClusterCalls({ env, readAccess, limits, interrupted }),
    ));
  return {
    place: () => {
      const { context, server, namespace, cluster } = readAccess();
      return { context, server, namespace, ...(cluster.verify ? {} : { unverified: true }) };
    },
    version: async () => (await calls()).version(),
    knows: async (...given) => (await calls()).knows(...given),
    get: async (...given) => (await calls()).get(...given),
    list: async (...given) => (await calls()).list(...given),
    listMetadata: async (...given) => (await calls()).listMetadata(...given),
    apply: async (...given) => (await calls()).apply(...given),
    create: async (...given) => (await calls()).create(...given),
    replace: async (...given) => (await calls()).replace(...given),
    merge: async (...given) => (await calls()).merge(...given),
    remove: async (...given) => (await calls()).remove(...given),
    watch: async (...given) => (await calls()).watch(...given),
    logs: async (...given) => (await calls()).logs(...given),
    readLogs: async (...given) => (await calls()).readLogs(...given),
    followLogs: async (...given) => (await calls()).followLogs(...given),
    exec: async (...given) => (await calls()).exec(...given),
    attach: async (...given) => (await calls()).attach(...given),
    close: () => void made?.then((loaded) => loaded.close()),
  };
}
