import { bringUpJobs } from "../../execute/bring-up-graph.ts";
import type { Unit } from "../../render/rendering.ts";
import type { Plan } from "../../plan/model.ts";
import { runsInPod } from "../../render/helm/helm-claims.ts";
import { markerOf } from "../../render/helm/helm-pods.ts";

/** The ConfigMaps whose key `done` tells that a job has completed, by job. Jobs in a component's pod have none. */
export function markersOf(plan: Plan): ReadonlyMap<string, string> {
  return new Map(
    bringUpJobs(plan)
      .filter((job) => !runsInPod(plan, job))
      .map((job) => [job.id, markerOf(plan, job)]),
  );
}

/** What a marker says when its job has completed with these inputs. */
export function doneAs(
  { id, specHash }: Pick<Unit, "id" | "specHash">,
  digests: Readonly<Record<string, string>>,
): string {
  return `${specHash}.${digests[id] ?? ""}`;
}
