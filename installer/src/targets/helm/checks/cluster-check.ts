import type { Cluster, KubeObject } from "../../../platform/cluster-ports.ts";
import type { Check, CheckContext, CheckFinding } from "../../check.ts";
import type { HelmPlace } from "../helm-ports.ts";

/** What a check of this target may look at besides what every check may. */
export interface HelmCheckContext extends CheckContext {
  readonly cluster: Cluster;
  readonly place: HelmPlace;
  /** The namespace as it is; undefined where it has to be made. */
  readonly namespace: KubeObject | undefined;
  /** The objects that the chart makes of the plan; none where another check says why there are none. */
  readonly release: readonly KubeObject[];
  /** Why there are none, where helm could not make them. */
  readonly releaseFault?: string;
}

export type HelmCheck = Check<HelmCheckContext>;

/** What cannot be told without rights that an install itself does without. */
export function notAllowedToLook(what: string, hint: string | undefined): CheckFinding {
  return {
    severity: "warning",
    message: `this could not be checked: ${what}`,
    remedy: hint ?? "have an administrator allow it, or look at it",
  };
}
