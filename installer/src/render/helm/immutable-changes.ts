import type { Component, Plan, Volume } from "../../plan/model.ts";
import type { ImpossibleChange } from "../rendering.ts";
import { claimsOf, runsHere } from "./helm-scope.ts";

/**
 * What a plan asks of existing stores that Kubernetes refuses: a StatefulSet cannot change its claims. A dry run of helm does not find it,
 * and the refusal comes when other objects of the release are changed already.
 */
export function immutableChanges(before: Plan, after: Plan): readonly ImpossibleChange[] {
  return after.components.filter(keepsData).flatMap((component) => {
    const earlier = before.components.find((candidate) => candidate.id === component.id);
    if (earlier === undefined || !keepsData(earlier)) return [];
    return volumeChanges(after, component, earlier);
  });
}

function keepsData(component: Component): boolean {
  return runsHere(component) && claimsOf(component).length > 0;
}

function volumeChanges(plan: Plan, component: Component, earlier: Component): readonly ImpossibleChange[] {
  const recreate = `kubectl delete statefulset ${plan.install.name}-${component.id} --cascade=orphan`;
  const kept = claimsOf(component).flatMap((volume) => {
    const old = claimsOf(earlier).find((candidate) => candidate.name === volume.name);
    return old === undefined ? added(component, volume, recreate) : resized(plan, component, { volume, old, recreate });
  });
  const gone = claimsOf(earlier).filter((old) => !claimsOf(component).some((volume) => volume.name === old.name));
  return [...kept, ...gone.flatMap((volume) => removed(component, volume, recreate))];
}

function resized(
  plan: Plan,
  component: Component,
  { volume, old, recreate }: { readonly volume: Volume; readonly old: Volume; readonly recreate: string },
): readonly ImpossibleChange[] {
  if (volume.sizeGiB === old.sizeGiB) return [];
  const sizes = `from ${old.sizeGiB} GiB to ${volume.sizeGiB} GiB`;
  if (volume.sizeGiB < old.sizeGiB)
    return change(
      component,
      `volume ${volume.name} would shrink ${sizes}, and a claim never shrinks`,
      `set the size back to ${old.sizeGiB}Gi`,
    );
  const claim = `${volume.name}-${plan.install.name}-${component.id}-0`;
  const patch = `kubectl patch pvc ${claim} -p '{"spec":{"resources":{"requests":{"storage":"${volume.sizeGiB}Gi"}}}}'`;
  return change(
    component,
    `volume ${volume.name} grows ${sizes}, and a StatefulSet cannot change its claims`,
    `where the storage class lets claims grow: ${patch}, then ${recreate}, and install again`,
  );
}

function added(component: Component, volume: Volume, recreate: string): readonly ImpossibleChange[] {
  return change(
    component,
    `volume ${volume.name} is new, and a StatefulSet cannot change its claims`,
    `${recreate}, and install again; the other volumes stay`,
  );
}

function removed(component: Component, volume: Volume, recreate: string): readonly ImpossibleChange[] {
  return change(
    component,
    `volume ${volume.name} is no longer wanted, and a StatefulSet cannot change its claims`,
    `${recreate}, and install again; the claim and its data stay until you delete them`,
  );
}

function change({ id }: Component, what: string, hint: string): readonly ImpossibleChange[] {
  return [{ component: id, message: `${id}: ${what}`, hint }];
}
