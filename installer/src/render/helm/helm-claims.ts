import { RenderError } from "../../errors/installer-error.ts";
import type { Component, Job, Plan, VolumeMount } from "../../plan/model.ts";
import type { Store } from "../rendering.ts";
import { objectName, runsHere, type HelmScope } from "./helm-scope.ts";
import type { HelmClaim, HelmMount } from "./helm-values.ts";

/** Name of the claim of a pod, as a StatefulSet gives it: `<volume>-<workload>-<number>`; so are those called that no StatefulSet makes. */
export function claimName(plan: Plan, store: Pick<Store, "component" | "volume">, index: number): string {
  return `${store.volume}-${objectName(plan, store.component)}-${index}`;
}

/** True when a job works on the data of its own component's service: only a pod that holds them can run it, so it runs in that pod. */
export function runsInPod({ components }: Pick<Plan, "components">, job: Job): boolean {
  const owner = components.find(({ id }) => id === job.component);
  return owner !== undefined && runsHere(owner) && job.container.mounts.some((mount) => isOf(mount, owner.id, job));
}

function isOf({ component }: VolumeMount, id: string, job: Pick<Job, "component">): boolean {
  return (component ?? job.component) === id;
}

/** Whose volumes a container mounts without saying so, and in whose pod it runs; without one it is a pod of its own. */
export interface Place {
  readonly owner: string;
  readonly pod?: string;
}

export interface MountedVolumes {
  readonly mounts: readonly HelmMount[];
  /** Those that the pod has to name by their claims: no StatefulSet hands them to it. */
  readonly claims: readonly HelmClaim[];
}

/**
 * What of volumes a container mounts, and by which claims.
 * @throws RenderError for a volume that is not there, or that each of several pods has for itself
 */
export function mountedVolumes(
  { plan, components }: HelmScope,
  mounts: readonly VolumeMount[],
  place: Place,
): MountedVolumes {
  const rows = mounts.map((mount): { readonly mount: HelmMount; readonly claim?: HelmClaim } => {
    const { volume, path, component = place.owner } = mount;
    const readOnly = mount.readOnly === true ? { readOnly: true as const } : {};
    if (component === place.pod) return { mount: { volume, path, ...readOnly } };
    const claim = claimOf(plan, components.get(component), { component, volume });
    return { mount: { volume: claim.name, path, ...wholeOrFolder(claim), ...readOnly }, claim };
  });
  return { mounts: rows.map(({ mount }) => mount), claims: rows.flatMap(({ claim }) => claim ?? []) };
}

function wholeOrFolder({ folder }: HelmClaim): Pick<HelmMount, "folder" | "whole"> {
  return folder === undefined ? { whole: true } : { folder };
}

/** Of a component that runs nothing the jobs make the folder; of a service its own pod does. */
function claimOf(
  plan: Plan,
  owner: Component | undefined,
  { component, volume }: Pick<Store, "component" | "volume">,
): HelmClaim {
  const found = owner?.volumes.find(({ name }) => name === volume);
  if (owner === undefined || found === undefined)
    throw new RenderError(`${component}: volumes: there is no ${volume} to mount`);
  if ((owner.workload?.replicas ?? 1) > 1)
    throw new RenderError(
      `${component}: volumes: ${volume} is mounted outside of its pods, and each of several has its own`,
    );
  const name = `${component}-${volume}`;
  // What a person made is mounted as it is, so that the same files can be had in another way, too.
  if (found.claim !== undefined) return { name, claim: found.claim, of: component };
  const claim = claimName(plan, { component, volume }, 0);
  return { name, claim, of: component, folder: volume, ...(runsHere(owner) ? { held: true } : {}) };
}

/** Whether pods of others mount what a component's own pod holds. */
export function isShared(component: Component, claims: readonly HelmClaim[]): boolean {
  return claims.some(({ of, held }) => of === component.id && held === true);
}

/** Claims of all containers of a pod, each once. */
export function uniqueClaims(all: readonly (readonly HelmClaim[])[]): readonly HelmClaim[] {
  return [...new Map(all.flat().map((claim) => [claim.name, claim])).values()];
}
