import { immutableChanges } from "../../render/helm/immutable-changes.ts";
import { openingsOf } from "../../render/helm/openings.ts";
import { renderHelm } from "../../render/helm/render-helm.ts";
import type { TargetRules } from "../target.ts";
import { acceptPlaces } from "./own-places.ts";

/** Renders for every version of Kubernetes alike: what hangs on it the chart decides when it is applied. */
export const rules: TargetRules = {
  render: async (plan) => {
    acceptPlaces(plan);
    return Promise.resolve(renderHelm(plan));
  },
  accept: acceptPlaces,
  openings: openingsOf,
  impossible: immutableChanges,
};
