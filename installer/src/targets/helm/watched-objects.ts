import type { Cluster, KubeKind, KubeObject } from "../../platform/cluster-ports.ts";
import type { Clock } from "../../platform/ports.ts";
import type { HelmPlace } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { named, idLabel, partLabel, partValue } from "./labels.ts";
import type { JobObject, PodObject, WorkloadObject } from "./objects.ts";

/** The objects of an install as they are at every moment. */
export interface WatchedObjects {
  workload(component: string): WorkloadObject | undefined;
  /** Pods of a component or job; also those on their way out. */
  pods(id: string): readonly PodObject[];
  /** The newest Job of a job. */
  job(id: string): JobObject | undefined;
  /** Text under a key of a ConfigMap. */
  entry(configMap: string, key: string): string | undefined;
  /** Resolves at the next change, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
}

const watchedKinds: readonly KubeKind[] = [kinds.deployment, kinds.statefulSet, kinds.pod, kinds.job, kinds.configMap];

/** Begins to watch; resolves once everything that is there now is known. */
export async function watchObjects(
  cluster: Cluster,
  { namespace }: HelmPlace,
  name: string,
  options: { readonly signal: AbortSignal; readonly onLost?: (error: unknown) => void },
): Promise<WatchedObjects> {
  const known = new Map<string, KubeObject>();
  let waiting = Promise.withResolvers<undefined>();
  const wake = (): void => {
    const before = waiting;
    waiting = Promise.withResolvers<undefined>();
    before.resolve(undefined);
  };
  await Promise.all(
    watchedKinds.map((kind) =>
      cluster.watch(
        kind,
        { namespace, labels: named(name) },
        ({ type, object }) => {
          const key = keyOf(kind.kind, object.metadata.name);
          if (type === "DELETED") known.delete(key);
          else known.set(key, object);
          wake();
        },
        options,
      ),
    ),
  );
  const all = (kind: string, id: string): readonly KubeObject[] =>
    [...known].flatMap(([key, object]) => {
      const { labels } = object.metadata;
      const isIts = key.startsWith(`${kind}/`) && labels?.[idLabel] === id && labels[partLabel] === partValue;
      return isIts ? [object] : [];
    });
  return {
    workload: (component) =>
      [...all("Deployment", component), ...all("StatefulSet", component)][0] as WorkloadObject | undefined,
    pods: (id) => all("Pod", id) as readonly PodObject[],
    job: (id) => newestOf(all("Job", id)) as JobObject | undefined,
    entry: (configMap, key) =>
      (known.get(keyOf("ConfigMap", configMap))?.["data"] as Readonly<Record<string, string>> | undefined)?.[key],
    changed: async (signal) => {
      const aborted = Promise.withResolvers<undefined>();
      const stop = (): void => aborted.resolve(undefined);
      signal.addEventListener("abort", stop, { once: true });
      await Promise.race([waiting.promise, aborted.promise]);
      signal.removeEventListener("abort", stop);
    },
  };
}

/** Conditions may change by time alone. */
const lookAgainMs = 1000;

/** Resolves at the next change, after a while without one, or when the signal aborts. */
export async function nextChange(
  objects: Pick<WatchedObjects, "changed">,
  clock: Pick<Clock, "sleep">,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const pause = clock.sleep(lookAgainMs, either).catch(() => undefined);
  await Promise.race([objects.changed(either), pause]);
  stop.abort();
}

function keyOf(kind: string, name: string): string {
  return `${kind}/${name}`;
}

function newestOf(objects: readonly KubeObject[]): KubeObject | undefined {
  return objects
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? ""))[0];
}
