import { hash } from "node:crypto";
import { RenderError } from "../../errors/installer-error.ts";
import type { Component, Container, Dependency, Job, Plan } from "../../plan/model.ts";
import { renderedFileToString } from "../rendered-file.ts";
import type { HelmSecret } from "./helm-rendering.ts";
import { runsInPod } from "./helm-claims.ts";
import { objectName, runsHere, type HelmScope } from "./helm-scope.ts";
import type { HelmMark, HelmPod } from "./helm-values.ts";
import type { UnitParts } from "./helm-unit.ts";

/**
 * The jobs that run in a component's pod before it, each after those that it needs.
 * @throws RenderError for a job on the component's volumes that the component does not wait for
 */
export function jobsInPod(scope: HelmScope, component: Component): readonly Job[] {
  const own = scope.plan.jobs.filter((job) => job.component === component.id && runsInPod(scope.plan, job));
  const inOrder = new Set<Job>();
  const addWithNeeds = (needs: readonly Dependency[]): void => {
    for (const need of needs) {
      const job = need.kind === "completed" ? own.find(({ id }) => id === need.job) : undefined;
      if (job === undefined || inOrder.has(job)) continue;
      addWithNeeds(job.needs);
      inOrder.add(job);
    }
  };
  addWithNeeds(component.needs);
  const stray = own.find((job) => !inOrder.has(job) || job.trigger === "request");
  if (stray !== undefined)
    throw new RenderError(
      `${component.id}: volumes: the job ${stray.id} mounts them without being awaited by ${component.id}; on Kubernetes a volume is held by one pod`,
    );
  return [...inOrder];
}

export interface Order {
  readonly after: HelmPod["after"];
  readonly waits: HelmPod["waits"];
}

/**
 * What a pod must wait for, in terms of addresses and markers.
 * @throws RenderError for a dependency that has no address to wait for
 */
export function orderOf(scope: HelmScope, id: string, needs: readonly Dependency[]): Order {
  const after = new Map<string, string>();
  const waits = new Map<string, string>();
  const waitFor = (componentId: string): void => {
    const component = scope.components.get(componentId);
    if (componentId === id || component === undefined || !runsHere(component)) return;
    const first = component.endpoints[0];
    if (first === undefined) throw new RenderError(`${id}: needs: ${componentId} has no endpoint to wait for`);
    waits.set(componentId, `${objectName(scope.plan, componentId)}:${first.port}`);
  };
  for (const need of needs) {
    if (need.kind === "healthy") {
      waitFor(need.component);
      continue;
    }
    const job = scope.jobs.get(need.job);
    if (job === undefined) continue;
    // A job in a component's pod has run when that component is ready.
    if (runsInPod(scope.plan, job)) waitFor(job.component);
    else after.set(job.id, markerOf(scope.plan, job));
  }
  return {
    after: [...after].map(([job, marker]) => ({ job, marker })),
    waits: [...waits].map(([component, address]) => ({ id: component, address })),
  };
}

/** Hash of everything a pod's containers read, the places of secrets included, their values not. */
export function configHash(parts: readonly UnitParts[]): string {
  return shortHash(parts.map(({ unit, secrets }) => [unit.config, unit.configFiles, secrets.map(secretSkeleton)]));
}

/** Length of what the chart puts behind a Job's name: a dash and eight digits of a hash. */
const jobHash = "-00000000";

/**
 * Refuses a job whose object would have a name that Kubernetes refuses.
 * @throws RenderError naming the job
 */
export function checkJobName(plan: Plan, job: Job): void {
  if (job.trigger === "request") objectName(plan, job.id, "CronJob");
  else objectName(plan, `${job.id}${jobHash}`);
}

/**
 * The ConfigMap that says that a job has completed.
 * @throws RenderError for a job that nobody starts by itself
 */
export function markerOf(plan: Plan, job: Job): string {
  if (job.trigger === "request")
    throw new RenderError(`${job.id}: it only runs when asked for, so nothing can wait for it to complete`);
  return `${objectName(plan, job.id)}-done`;
}

/**
 * What a job does when it has completed.
 * @throws RenderError in a plan without the toolbox, whose program it takes
 */
export function markOf(scope: HelmScope, job: Job): HelmMark {
  const toolbox = scope.plan.jobs.map(({ container }) => container.image).find(({ name }) => name === "toolbox");
  if (toolbox === undefined)
    throw new RenderError(`${job.id}: the toolbox marks jobs as done, and no job of this plan has its image`);
  return { configMap: markerOf(scope.plan, job), image: toolbox.reference };
}

/**
 * The image of the steps before a pod's container. Its own where that is ours, else that of a component it waits for: an image that only
 * jobs use changes with Slipway, and would start the pod again with every upgrade.
 * @throws RenderError when there are steps and no image of the plan is ours
 */
export function stepImage(scope: HelmScope, container: Container, pod: Order & { readonly volumes: number }): string {
  if (pod.waits.length + pod.after.length + pod.volumes === 0) return "";
  const images = [
    container.image,
    ...[...pod.waits.map((wait) => scope.components.get(wait.id)), ...scope.plan.components].flatMap(
      (component) => component?.workload?.container.image ?? [],
    ),
    ...scope.plan.jobs.map((job) => job.container.image),
  ];
  const own = images.find((image) => image.source === "built");
  if (own === undefined)
    throw new RenderError("needs: waiting and making directories take an image of ours, and this plan has none");
  return own.reference;
}

function secretSkeleton(secret: HelmSecret): unknown {
  return [
    secret.name,
    secret.entries.map(({ key, contents }) => [key, renderedFileToString({ path: key, contents, secret: true })]),
  ];
}

function shortHash(value: unknown): string {
  return hash("sha256", JSON.stringify(value)).slice(0, 16);
}
