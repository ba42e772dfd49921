import type { Component, Plan, Volume } from "../../plan/model.ts";
import type { ImpossibleChange } from "../rendering.ts";
import { claimsOf } from "./helm-scope.ts";

/** What a plan asks of existing stores that Kubernetes refuses: a claim never shrinks. */
export function immutableChanges(before: Plan, after: Plan): readonly ImpossibleChange[] {
  return after.components.flatMap((component) => {
    const earlier = before.components.find((candidate) => candidate.id === component.id);
    if (earlier === undefined) return [];
    const sizes = new Map(claimsOf(earlier).map(({ name, sizeGiB }) => [name, sizeGiB]));
    return claimsOf(component).flatMap((volume) => shrunk(component, volume, sizes.get(volume.name) ?? 0));
  });
}

function shrunk({ id }: Component, { name, sizeGiB }: Volume, before: number): readonly ImpossibleChange[] {
  if (sizeGiB >= before) return [];
  return [
    {
      component: id,
      message: `${id}: volume ${name} would shrink from ${before} GiB to ${sizeGiB} GiB, and a claim never shrinks`,
      hint: `set the size back to ${before}Gi`,
    },
  ];
}
