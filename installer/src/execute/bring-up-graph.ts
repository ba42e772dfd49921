import type { Component, Dependency, Job, Plan } from "../plan/model.ts";
import type { Store } from "../render/rendering.ts";
import { type GraphNode, inOrder } from "./dependency-graph.ts";
import type { Applied } from "./state/records.ts";

/** Jobs that belong to the bring-up; the others run when a person asks. */
export function bringUpJobs(plan: Plan): readonly Job[] {
  return plan.jobs.filter((job) => job.trigger === "bring-up");
}

/** Components by their id, jobs as `job:<id>`. */
export function graphOf(plan: Plan): readonly GraphNode[] {
  const jobs = bringUpJobs(plan);
  return [
    ...plan.components
      .filter((component) => component.workload !== undefined)
      .map((component) => ({ key: component.id, needs: component.needs.map(needKey) })),
    ...jobs.map((job) => ({
      key: `job:${job.id}`,
      needs: job.needs.map(needKey),
      ...(job.waits === true ? { early: job.needs.filter(({ kind }) => kind === "healthy").map(needKey) } : {}),
    })),
  ];
}

/** The component or job of a key. */
export function unitOf(key: string): string {
  return key.replace(/^job:/, "");
}

function needKey(need: Dependency): string {
  return need.kind === "completed" ? `job:${need.job}` : need.component;
}

/** How many steps of the bring-up, one after the other, begin with something that runs an image; by the image's name. */
export function stepsByImage(plan: Plan): ReadonlyMap<string, number> {
  const nodes = graphOf(plan);
  const steps = new Map<string, number>();
  // In this order each stands after what it needs, so from the back each knows who waits for it.
  for (const key of inOrder(nodes).toReversed()) {
    const waiting = nodes.filter(({ needs }) => needs.includes(key)).map((node) => steps.get(node.key) ?? 0);
    steps.set(key, 1 + Math.max(0, ...waiting));
  }
  const users = [
    ...plan.components.flatMap(({ id, workload }) => (workload === undefined ? [] : [{ id, ...workload.container }])),
    ...bringUpJobs(plan).map(({ id, container }) => ({ id: `job:${id}`, ...container })),
  ];
  const byImage = new Map<string, number>();
  for (const { id, image } of users) {
    byImage.set(image.name, Math.max(byImage.get(image.name) ?? 0, steps.get(id) ?? 0));
  }
  return byImage;
}

/** Seconds a component may take until it serves: what its author allows, and half again for a slow host. */
export function startLimitSeconds(component: Component): number {
  return Math.round((component.workload?.health.startSeconds ?? 60) * 1.5 + 15);
}

/** Seconds a component gets to stop cleanly. */
export function stopSecondsOf(plan: Plan | undefined, id: string): number {
  return plan?.components.find((component) => component.id === id)?.workload?.stopSeconds ?? 10;
}

/**
 * Services that need a job which was never done, or whose work is lost, dependents first. Requests through them would meet what the
 * job has not prepared. A job that is only repeated, for a new version of it, takes nothing down.
 */
export function heldBack(plan: Plan, applied: Pick<Applied, "jobs">): readonly string[] {
  const undone = new Set(bringUpJobs(plan).flatMap(({ id }) => (applied.jobs[id] === undefined ? [id] : [])));
  const waits = new Set(
    plan.components.flatMap(({ id, needs }) =>
      needs.some((need) => need.kind === "completed" && undone.has(need.job)) ? [id] : [],
    ),
  );
  return inOrder(graphOf(plan))
    .toReversed()
    .filter((key) => waits.has(key));
}

/**
 * The jobs whose work is gone when these components' data is: those that prepare one of them, speak to one of them, or
 * prepare a component that keeps its data there.
 */
export function jobsUndoneByLossOf(plan: Plan, lost: readonly string[]): readonly string[] {
  const touched = new Set(lost);
  for (const component of plan.components.filter(({ id }) => touched.has(id))) {
    for (const store of [...component.databases, ...component.buckets]) {
      for (const user of store.usedBy) touched.add(user);
    }
  }
  return bringUpJobs(plan)
    .filter(({ component, reaches }) => touched.has(component) || reaches.some((ref) => touched.has(ownerOf(ref))))
    .map(({ id }) => id);
}

/** What is known to be done once the data of these components counts as lost. */
export function withoutLostData(
  { initialised, jobs }: Pick<Applied, "initialised" | "jobs">,
  plan: Plan,
  lost: readonly string[],
): Pick<Applied, "initialised" | "jobs"> {
  const isLost = (store: string): boolean => lost.includes(store.split("/", 1)[0] ?? "");
  const undone = jobsUndoneByLossOf(plan, lost);
  return {
    initialised: Object.fromEntries(Object.entries(initialised).filter(([store]) => !isLost(store))),
    jobs: Object.fromEntries(Object.entries(jobs).filter(([id]) => !undone.includes(id))),
  };
}

/** What is known to be done once these stores were made anew: what jobs had put into them is gone, and is put there again. */
export function withoutEmptied(
  applied: Pick<Applied, "initialised" | "jobs">,
  plan: Plan,
  made: readonly Pick<Store, "component" | "dataClass">[],
): Pick<Applied, "initialised" | "jobs"> {
  const rebuilt = made.filter(({ dataClass }) => dataClass === "rebuild").map(({ component }) => component);
  return withoutLostData(applied, plan, rebuilt);
}

/** `postgres` of the endpoint `postgres.sql`. */
function ownerOf(endpoint: string): string {
  return endpoint.split(".", 1)[0] ?? endpoint;
}
