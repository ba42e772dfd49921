import { ApplyError, InterruptedError, TimeoutError } from "../../errors/installer-error.ts";
import type { ServiceWatch } from "../target.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { idLabel, ofInstall } from "./labels.ts";
import { holds, type PodObject } from "./objects.ts";
import { lastLinesOf } from "./pod-words.ts";
import { isRolledOut, newestFirst, troubleOf, wantedPods } from "./pods.ts";
import { nextChange, watchObjects } from "./watched-objects.ts";

/**
 * Whether all pods serve and none is on its way out. What is watched may be from before a pod was taken away a moment ago, and a pod on its
 * way out still counts for its workload; so the API is asked.
 */
async function servesNow(
  { install, component, wanted }: { readonly install: string; readonly component: string; readonly wanted: number },
  { cluster, place }: Pick<HelmPorts, "cluster" | "place">,
): Promise<boolean> {
  const labels = `${ofInstall(install)},${idLabel}=${component}`;
  const pods = (await cluster.list(kinds.pod, { ...place, labels })) as readonly PodObject[];
  const staying = newestFirst(pods);
  const ready = staying.filter(({ status }) => holds(status?.conditions, "Ready"));
  return staying.length === pods.length && ready.length >= wanted;
}

/** Watches the workloads of an install. */
export async function watchServices(
  install: string,
  { cluster, clock, place }: Pick<HelmPorts, "cluster" | "clock" | "place">,
  given: AbortSignal,
): Promise<ServiceWatch> {
  const closing = new AbortController();
  const signal = AbortSignal.any([given, closing.signal]);
  const objects = await watchObjects(cluster, place, install, { signal });
  return {
    serving: async ({ component }, limitSeconds) => {
      const deadline = clock.monotonicMs() + limitSeconds * 1000;
      for (;;) {
        if (given.aborted) throw new InterruptedError(`interrupted while ${component} was starting`);
        const workload = objects.workload(component);
        const wanted = workload === undefined ? 0 : wantedPods(workload);
        const looksServing = workload !== undefined && wanted > 0 && isRolledOut(workload);
        if (looksServing && (await servesNow({ install, component, wanted }, { cluster, place }))) return;
        const pod = newestFirst(objects.pods(component))[0];
        const trouble = pod === undefined ? undefined : troubleOf(pod, new Set());
        const details = async (): Promise<readonly string[]> =>
          pod === undefined
            ? []
            : lastLinesOf(pod, trouble?.container ?? component, { cluster, place, redact: (line) => line });
        if (trouble?.kind === "ended")
          throw new ApplyError(trouble.message, { hint: trouble.remedy, details: await details() });
        if (clock.monotonicMs() >= deadline) {
          throw new TimeoutError(`${component} was not healthy within ${limitSeconds} s`, {
            hint: trouble?.remedy ?? `slipway logs ${component} shows more`,
            details: [...(trouble === undefined ? [] : [trouble.message]), ...(await details())],
          });
        }
        await nextChange(objects, clock, signal);
      }
    },
    close: () => closing.abort(),
  };
}
