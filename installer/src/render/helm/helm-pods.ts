import { createHash } from "node:crypto";
import { RenderError } from "../../errors/installer-error.ts";
import type { Component, Dependency, Job } from "../../plan/model.ts";
import { renderedFileToString } from "../rendered-file.ts";
import type { HelmSecret } from "./helm-rendering.ts";
import { objectName, runsHere, type HelmScope } from "./helm-scope.ts";
import type { HelmPod, HelmUnit } from "./helm-values.ts";
import type { UnitParts } from "./helm-unit.ts";

/** True when a job works on volumes: only a pod that holds them can run it, so it runs in its component's pod. */
export function runsInPod(job: Job): boolean {
  return job.container.mounts.length > 0;
}

/**
 * The jobs that run in a component's pod before it, in the order of its needs.
 * @throws RenderError for a job on the component's volumes that the component does not wait for
 */
export function jobsInPod(scope: HelmScope, component: Component): readonly Job[] {
  const awaited = component.needs.flatMap((need) => (need.kind === "completed" ? [need.job] : []));
  const own = scope.plan.jobs.filter((job) => job.component === component.id && runsInPod(job));
  const stray = own.find((job) => !awaited.includes(job.id) || job.trigger === "request");
  if (stray !== undefined)
    throw new RenderError(
      `${component.id}: volumes: the job ${stray.id} mounts them without being awaited by ${component.id}; on Kubernetes a volume is held by one pod`,
    );
  return awaited.flatMap((id) => own.find((job) => job.id === id) ?? []);
}

export interface Order {
  readonly after: HelmPod["after"];
  readonly waits: HelmPod["waits"];
}

/**
 * What a pod must wait for, in terms of addresses and markers.
 * @throws RenderError for a dependency that has no address to wait for
 */
export function orderOf(
  scope: HelmScope,
  id: string,
  needs: readonly Dependency[],
  markerOf: (job: Job) => string,
): Order {
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
    if (runsInPod(job)) waitFor(job.component);
    else after.set(job.id, markerOf(job));
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

/** Name of a Job object: it changes with its contents, because a Job cannot be changed. */
export function jobObjectName(scope: HelmScope, job: Job, unit: HelmUnit, secrets: readonly HelmSecret[]): string {
  return objectName(
    scope.plan,
    `${job.id}-${shortHash([unit, secrets.map(secretSkeleton), job.deadlineSeconds]).slice(0, 8)}`,
  );
}

function secretSkeleton(secret: HelmSecret): unknown {
  return [
    secret.name,
    secret.entries.map(({ key, contents }) => [key, renderedFileToString({ path: key, contents, secret: true })]),
  ];
}

function shortHash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}
