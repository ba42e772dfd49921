import type { Cluster } from "../../platform/cluster-ports.ts";
import { ApplyError } from "../../errors/installer-error.ts";
import type { LiveService } from "../live-platform.ts";
import type { Verb } from "../target.ts";
import type { HelmPlace } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { idLabel, partLabel, partValue, stoppedAnnotation } from "./labels.ts";
import type { PodObject, WorkloadObject } from "./objects.ts";
import { podsOf } from "./observe.ts";
import { revisionOf, wantedPods } from "./pods.ts";

/** Stops a workload by taking its pods away, starts it with as many as it had, or gives it new pods. */
export async function touchWorkload(
  cluster: Cluster,
  place: HelmPlace,
  verb: Verb,
  service: LiveService,
): Promise<void> {
  const { component } = service;
  const workload = await findWorkload(cluster, place, service);
  const ref = { ...place, apiVersion: workload.apiVersion, kind: workload.kind, name: workload.metadata.name };
  const pods = wantedPods(workload);
  const before = workload.metadata.annotations?.[stoppedAnnotation];
  switch (verb) {
    case "stop":
      if (pods === 0) return;
      await cluster.merge(ref, {
        metadata: { annotations: { [stoppedAnnotation]: String(pods) } },
        spec: { replicas: 0 },
      });
      return;
    case "start":
      if (pods > 0) return;
      await cluster.merge(ref, {
        metadata: { annotations: { [stoppedAnnotation]: null } },
        spec: { replicas: Number(before ?? 1) },
      });
      return;
    case "restart": {
      const labels = `${idLabel}=${component},${partLabel}=${partValue}`;
      const all = (await cluster.list(kinds.pod, { ...place, labels })) as readonly PodObject[];
      for (const { metadata } of podsOf(workload, all)) {
        await cluster.remove({ ...kinds.pod, ...place, name: metadata.name });
      }
    }
  }
}

async function findWorkload(
  cluster: Cluster,
  place: HelmPlace,
  { component, id }: LiveService,
): Promise<WorkloadObject> {
  const query = { ...place, labels: `${idLabel}=${component},${partLabel}=${partValue}` };
  for (const kind of [kinds.deployment, kinds.statefulSet]) {
    const all = (await cluster.list(kind, query)) as readonly WorkloadObject[];
    const found = all.find((workload) => revisionOf(workload) === id);
    if (found !== undefined) return { ...found, ...kind };
  }
  throw new ApplyError(`${component} is not in the cluster as it was just seen`, {
    hint: "run the same command again",
  });
}
