import { compareText } from "../../language/compare-text.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Cluster, KubeObject, ObjectQuery } from "../../platform/cluster-ports.ts";
import { storeId } from "../../render/rendering.ts";
import type { LivePlatform, LivePort, LiveService, LiveStore, Question } from "../live-platform.ts";
import { foreignHands } from "./foreign-hands.ts";
import type { HelmPlace, HelmPorts } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import {
  idLabel,
  installAnnotation,
  named,
  nameLabel,
  partLabel,
  partValue,
  runLabel,
  specAnnotation,
} from "./labels.ts";
import type { ContainerStatus, PodObject, ServiceObject, WorkloadObject } from "./objects.ts";
import { newestFirst, revisionOf, stateOf, statusOf } from "./pods.ts";

/** What of an install is on the cluster. */
export interface LiveObjects {
  /** Deployments and StatefulSets, ours and others', by name. */
  readonly workloads: readonly WorkloadObject[];
  readonly pods: readonly PodObject[];
  readonly claims: readonly KubeObject[];
  readonly services: readonly ServiceObject[];
}

/** Everything that bears the install's name: one request a kind, however much there is. */
export async function readObjects(cluster: Cluster, { namespace }: HelmPlace, name: string): Promise<LiveObjects> {
  const query: ObjectQuery = { namespace, labels: named(name) };
  const [deployments, statefulSets, pods, claims, services] = await Promise.all([
    cluster.list(kinds.deployment, query),
    cluster.list(kinds.statefulSet, query),
    cluster.list(kinds.pod, query),
    cluster.list(kinds.claim, query),
    cluster.list(kinds.service, query),
  ]);
  return {
    workloads: [...deployments, ...statefulSets] as readonly KubeObject[] as readonly WorkloadObject[],
    pods: pods as readonly PodObject[],
    claims,
    services: services as readonly ServiceObject[],
  };
}

/** Looks at workloads, pods, claims and services. */
export async function observeCluster(
  install: Install,
  question: Question,
  { cluster, clock, place }: Pick<HelmPorts, "cluster" | "clock" | "place">,
): Promise<LivePlatform> {
  const objects = await readObjects(cluster, place, install.name);
  const ours = objects.workloads.filter(isOurs);
  const services = ours
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map((workload) => liveService(workload, objects, clock.now()));
  const departed = services.map(({ component }) => component).filter((id) => !question.components.includes(id));
  return {
    services: new Map(
      services.filter(({ component }) => !departed.includes(component)).map((service) => [service.component, service]),
    ),
    departed,
    hasLeftovers: departed.length > 0 || leftoverPods(objects.pods).length > 0,
    stores: liveStores(install, objects.claims),
    foreign: foreignNames(objects),
    // The nodes keep the images, each its own; nobody here can ask them.
    imageIds: new Map(),
    copies: new Map(),
    trace: services
      .map(({ component, specHash, image }) => [component, specHash, image])
      .sort((a, b) => compareText(a.join(), b.join())),
  };
}

/** Whether Slipway had it made. */
export function isOurs({ metadata }: KubeObject): boolean {
  return metadata.labels?.[partLabel] === partValue;
}

/** What runs of a person's job or of a look into a store that was killed. */
function leftoverPods(pods: readonly PodObject[]): readonly PodObject[] {
  return pods.filter(
    ({ metadata, status }) =>
      metadata.labels?.[runLabel] !== undefined && (status?.phase === "Succeeded" || status?.phase === "Failed"),
  );
}

/** Others' pods that bear the name; of a workload only the workload. */
export function foreignNames({ workloads, pods }: LiveObjects): readonly string[] {
  const strange = [...workloads, ...pods.filter(({ metadata }) => metadata.ownerReferences === undefined)];
  return strange
    .filter((object) => !isOurs(object))
    .map(({ metadata }) => metadata.name)
    .toSorted(compareText);
}

function liveService(workload: WorkloadObject, objects: LiveObjects, now: Date): LiveService {
  const component = workload.metadata.labels?.[idLabel] ?? workload.metadata.name;
  const pods = newestFirst(podsOf(workload, objects.pods));
  const pod = pods.find((candidate) => statusOf(candidate, component)?.ready === true) ?? pods[0];
  return {
    component,
    name: pod?.metadata.name ?? workload.metadata.name,
    id: revisionOf(workload),
    ...stateOf(workload, pods, component),
    specHash: definitionOf(workload),
    image: workload.spec.template.spec.containers.find(({ name }) => name === component)?.image ?? "",
    ...runningOf(pod === undefined ? undefined : statusOf(pod, component), now),
    ports: portsOf(component, objects.services),
    severed: [],
    changedFiles: [],
    replaced: false,
  };
}

/** Somebody else's hand makes it another definition. */
function definitionOf(workload: WorkloadObject): string {
  const hands = foreignHands(workload);
  const changed = hands.length === 0 ? "" : ` changed by ${hands.join(", ")}`;
  return `${workload.metadata.annotations?.[specAnnotation] ?? ""}${changed}`;
}

function runningOf(
  status: ContainerStatus | undefined,
  now: Date,
): Pick<LiveService, "imageId" | "digest" | "uptime" | "restarts"> {
  const digest = digestOf(status?.imageID);
  const started = status?.state?.running?.startedAt;
  return {
    imageId: status?.imageID ?? "",
    ...(status === undefined ? {} : { restarts: status.restartCount }),
    ...(digest === undefined ? {} : { digest }),
    ...(started === undefined ? {} : { uptime: describeSpan(now.getTime() - Date.parse(started)) }),
  };
}

/** Pods that a workload has made: a StatefulSet owns them, a Deployment by a ReplicaSet that bears its name. */
export function podsOf({ kind, metadata }: WorkloadObject, pods: readonly PodObject[]): readonly PodObject[] {
  return pods.filter(({ metadata: pod }) =>
    (pod.ownerReferences ?? []).some((owner) =>
      kind === "StatefulSet"
        ? owner.uid === metadata.uid
        : owner.kind === "ReplicaSet" &&
          [nameLabel, idLabel].every((key) => pod.labels?.[key] === metadata.labels?.[key]),
    ),
  );
}

/** `name@sha256:…` of what a node runs; one that was loaded into the node by hand has none. */
export function digestOf(imageId: string | undefined): string | undefined {
  return imageId?.includes("@sha256:") === true ? imageId.replace(/^[a-z-]+:\/\//, "") : undefined;
}

function portsOf(component: string, services: readonly ServiceObject[]): readonly LivePort[] {
  const own = services.filter(({ metadata, spec }) => metadata.labels?.[idLabel] === component && isPublic(spec));
  return own.flatMap(({ spec, status }) => {
    const ingress = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []);
    const addresses = [...ingress, ...(spec.externalIPs ?? [])];
    return (spec.ports ?? []).flatMap(({ port, nodePort, targetPort, protocol = "TCP" }) => {
      const inside = { containerPort: Number(targetPort ?? port), protocol: protocol.toLowerCase() };
      if (addresses.length > 0) return addresses.map((address) => ({ address, hostPort: port, ...inside }));
      return nodePort === undefined ? [] : [{ address: "any node", hostPort: nodePort, ...inside }];
    });
  });
}

function isPublic({ type, externalIPs }: ServiceObject["spec"]): boolean {
  return type === "LoadBalancer" || type === "NodePort" || (externalIPs?.length ?? 0) > 0;
}

/** Claims are named `<volume>-<workload>-<number>` by their StatefulSet. */
function liveStores({ name, identity }: Install, claims: readonly KubeObject[]): ReadonlyMap<string, LiveStore> {
  return new Map(
    claims.flatMap(({ metadata }): readonly (readonly [string, LiveStore])[] => {
      const component = metadata.labels?.[idLabel];
      const volume = new RegExp(`^(.+)-${name}-${component}-\\d+$`).exec(metadata.name)?.[1];
      if (component === undefined || volume === undefined) return [];
      const ours = identity !== undefined && metadata.annotations?.[installAnnotation] === identity.uuid;
      return [[storeId({ component, volume }), { place: metadata.name, ours }]];
    }),
  );
}

const units: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/** `3 hours`. */
function describeSpan(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  const [size, name] = units.find(([unit]) => seconds >= unit) ?? [1, "second"];
  const count = Math.floor(seconds / size);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}
