import { InstallerError } from "../../../errors/installer-error.ts";
import { isRefused } from "../../../platform/cluster-refusal.ts";
import type { Check, CheckContext } from "../../check.ts";
import type { TargetChecks } from "../../target.ts";
import type { HelmPorts } from "../helm-ports.ts";
import { capacity } from "./capacity.ts";
import { claimsKept } from "./claims-kept.ts";
import { chartRenders } from "./chart.ts";
import { type HelmCheck, notAllowedToLook } from "./cluster-check.ts";
import { helmProgram } from "./helm-program.ts";
import { limitRanges } from "./limit-ranges.ts";
import { liveClusterChecks } from "./live.ts";
import { type ClusterLook, lookAtCluster } from "./look-at-cluster.ts";
import { namespaceUsable, podSecurity } from "./namespace.ts";
import { apiServerAllowed, clusterDns } from "./network.ts";
import { quotas } from "./quota.ts";
import { reachable } from "./reachable.ts";
import { gatewayClass, podMeasurements, priorityClass, pullSecrets } from "./references.ts";
import { rights } from "./rights.ts";
import { serverVersion } from "./server-version.ts";
import { storage } from "./storage.ts";

/** What a cluster must have for an install. */
export const clusterPreflight: readonly HelmCheck[] = [
  serverVersion,
  chartRenders,
  rights,
  namespaceUsable,
  podSecurity,
  quotas,
  limitRanges,
  capacity,
  storage,
  claimsKept,
  pullSecrets,
  priorityClass,
  gatewayClass,
  podMeasurements,
  clusterDns,
  apiServerAllowed,
];

/** The checks of this target; what all of them need is asked once, when the first one runs. */
export function clusterChecks(ports: HelmPorts): TargetChecks {
  let asked: Promise<ClusterLook> | undefined;
  const look = (context: CheckContext): Promise<ClusterLook> => (asked ??= lookAtCluster(context, ports));
  const onCluster = (check: HelmCheck): Check => ({ ...check, run: (context) => runOnCluster(check, context, look) });
  return {
    preflight: [reachable(look), helmProgram(ports), ...clusterPreflight.map(onCluster)],
    live: liveClusterChecks.map(onCluster),
    inChinese: async () => (await import("./in-chinese.ts")).checksInChinese,
  };
}

async function runOnCluster(
  check: HelmCheck,
  context: CheckContext,
  look: (context: CheckContext) => Promise<ClusterLook>,
): Promise<Awaited<ReturnType<HelmCheck["run"]>>> {
  const seen = await look(context);
  // That it does not answer is told once.
  if (!seen.answers) return [];
  try {
    return await check.run({ ...context, ...seen });
  } catch (error) {
    if (!(error instanceof InstallerError) || !isRefused(error, 403)) throw error;
    return [notAllowedToLook(error.message.replace(/^the cluster refused /, ""), error.hint)];
  }
}
