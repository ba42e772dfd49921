import type { KubeObject } from "../../../platform/cluster-ports.ts";
import type { CheckFinding } from "../../check.ts";
import { askInPod } from "../attached.ts";
import { kinds } from "../kinds.ts";
import { idLabel, ofInstall } from "../labels.ts";
import { type ContainerStatus, type EventObject, holds, type PodObject } from "../objects.ts";
import type { NodeObject } from "./capacity.ts";
import type { HelmCheck, HelmCheckContext } from "./cluster-check.ts";

function podsOf({ cluster, place, name }: HelmCheckContext): Promise<readonly PodObject[]> {
  return cluster.list(kinds.pod, { ...place, labels: ofInstall(name) }) as Promise<readonly PodObject[]>;
}

function idOf({ metadata }: KubeObject): string {
  return metadata.labels?.[idLabel] ?? metadata.name;
}

const recentMs = 3_600_000;

const restarts: HelmCheck = {
  id: "cluster.restarts",
  title: "no container was started again within the last hour",
  why: "one that ends again and again serves nobody in between",
  severity: "warning",
  run: async (context) => {
    const now = context.clock.now().getTime();
    return (await podsOf(context)).flatMap((pod) =>
      (pod.status?.containerStatuses ?? []).flatMap((status) => restarted(pod, status, now)),
    );
  },
};

function restarted(pod: PodObject, status: ContainerStatus, now: number): readonly CheckFinding[] {
  const ended = status.lastState?.terminated;
  const at = Date.parse(ended?.finishedAt ?? "");
  if (status.restartCount === 0 || ended === undefined || !(now - at < recentMs)) return [];
  const why = ended.reason === "OOMKilled" ? "it used more memory than its limit" : `exit status ${ended.exitCode}`;
  const id = idOf(pod);
  return [
    {
      component: id,
      message: `its container was started again ${status.restartCount} times, the last time after ${why} at ${ended.finishedAt ?? ""}`,
      remedy:
        ended.reason === "OOMKilled"
          ? "raise its resources.memory in the values"
          : `kubectl logs --previous ${pod.metadata.name} --namespace ${pod.metadata.namespace ?? ""} shows its last lines`,
    },
  ];
}

interface ClaimObject extends KubeObject {
  readonly status?: { readonly phase?: string };
}

const claims: HelmCheck = {
  id: "cluster.claims",
  title: "every claim is bound and has room",
  why: "a store without its volume does not start, and a full one stops in the middle of a write",
  severity: "failure",
  run: async (context) => {
    const { cluster, place, name } = context;
    const found = (await cluster.list(kinds.claim, { ...place, labels: ofInstall(name) })) as readonly ClaimObject[];
    const unbound = await Promise.all(
      found.filter(({ status }) => status?.phase !== "Bound").map((claim) => explainUnbound(claim, context)),
    );
    return [...unbound, ...(await fullVolumes(context))];
  },
};

async function explainUnbound(claim: ClaimObject, { cluster, place }: HelmCheckContext): Promise<CheckFinding> {
  const { name } = claim.metadata;
  const fields = `involvedObject.kind=PersistentVolumeClaim,involvedObject.name=${name}`;
  const events = (await cluster.list(kinds.event, { ...place, fields })) as readonly EventObject[];
  const last = events.toSorted((a, b) => (a.lastTimestamp ?? "").localeCompare(b.lastTimestamp ?? "")).at(-1);
  return {
    component: idOf(claim),
    message: `its claim ${name} is ${claim.status?.phase ?? "not bound"}${last?.message === undefined ? "" : `: ${last.message}`}`,
    remedy: `kubectl describe pvc ${name} --namespace ${place.namespace} says more; cluster.storageClass names the class`,
  };
}

const fullPercent = { failure: 95, warning: 85 };

/** As the pods themselves see their volumes; one whose image has no `df` is passed over. */
async function fullVolumes(context: HelmCheckContext): Promise<readonly CheckFinding[]> {
  const stores = (await podsOf(context)).filter((pod) => holds(pod.status?.conditions, "Ready"));
  const found = await Promise.all(stores.map((pod) => fullIn(pod, context)));
  return found.flat();
}

async function fullIn(pod: PodObject, { cluster, place }: HelmCheckContext): Promise<readonly CheckFinding[]> {
  const id = idOf(pod);
  const volumes = (pod.spec["volumes"] ?? []) as readonly {
    readonly name: string;
    readonly persistentVolumeClaim?: object;
  }[];
  const claimed = new Set(
    volumes.flatMap((volume) => (volume.persistentVolumeClaim === undefined ? [] : [volume.name])),
  );
  const container = pod.spec.containers.find(({ name }) => name === id);
  const mounts = (container?.["volumeMounts"] ?? []) as readonly {
    readonly name: string;
    readonly mountPath: string;
  }[];
  const paths = mounts.filter(({ name }) => claimed.has(name));
  if (paths.length === 0) return [];
  const words = ["df", "-P", ...paths.map(({ mountPath }) => mountPath)];
  const answer = await askInPod({ name: pod.metadata.name, component: id }, words, { cluster, place }).catch(
    () => undefined,
  );
  const rows = answer?.exitCode === 0 ? answer.lines.slice(1) : [];
  return rows.flatMap((row, index) => {
    const used = Number(/\s(\d+)%\s/.exec(row)?.[1] ?? 0);
    if (used < fullPercent.warning) return [];
    return [
      {
        severity: used >= fullPercent.failure ? "failure" : "warning",
        component: id,
        message: `its volume ${paths[index]?.name ?? ""} is ${used} % full`,
        remedy:
          "raise its storage.size in the values, where the storage class lets claims grow, or remove what is not needed",
      } as const,
    ];
  });
}

const nodes: HelmCheck = {
  id: "cluster.nodes",
  title: "the nodes that the platform runs on are well",
  why: "a node under pressure throws pods out, and one that is not ready serves nobody",
  severity: "failure",
  run: async (context) => {
    const pods = await podsOf(context);
    const used = new Set(pods.flatMap(({ spec }) => spec.nodeName ?? []));
    if (used.size === 0) return [];
    const found = (await context.cluster.list(kinds.node, {})) as readonly NodeObject[];
    return found.filter(({ metadata }) => used.has(metadata.name)).flatMap(describeNode);
  },
};

function describeNode({ metadata, spec, status }: NodeObject): readonly CheckFinding[] {
  const { name } = metadata;
  const remedy = `kubectl describe node ${name} says more`;
  if (!holds(status?.conditions, "Ready")) return [{ message: `the node ${name} is not ready`, remedy }];
  const pressed = ["MemoryPressure", "DiskPressure", "PIDPressure"].filter((type) => holds(status?.conditions, type));
  return [
    ...pressed.map((type) => ({ severity: "warning" as const, message: `the node ${name} has ${type}`, remedy })),
    ...(spec?.unschedulable === true
      ? [
          {
            severity: "warning" as const,
            message: `the node ${name} takes no new pods: it is cordoned`,
            remedy: `kubectl uncordon ${name}`,
          },
        ]
      : []),
  ];
}

/** What is looked at in a cluster while a platform runs there. */
export const liveClusterChecks: readonly HelmCheck[] = [restarts, claims, nodes];
