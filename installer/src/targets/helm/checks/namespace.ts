import type { CheckFinding } from "../../check.ts";
import { kinds } from "../kinds.ts";
import { isOurs } from "../observe.ts";
import type { HelmCheck, HelmCheckContext } from "./cluster-check.ts";

export const namespaceUsable: HelmCheck = {
  id: "cluster.namespace",
  title: "the namespace is there for this install",
  why: "in a namespace that goes away, or is the cluster's own, an install is lost or breaks what others need",
  severity: "failure",
  run: async (context) => {
    const { namespace } = context;
    if (namespace === undefined) return [];
    const { name, deletionTimestamp } = namespace.metadata;
    if (deletionTimestamp !== undefined) {
      return [
        {
          message: `the namespace ${name} is being removed since ${deletionTimestamp}`,
          remedy: `wait until it is gone (kubectl get namespace ${name}; its conditions tell what holds it up), or name another in cluster.namespace`,
        },
      ];
    }
    if (name.startsWith("kube-")) {
      return [{ message: `the namespace ${name} is the cluster's own`, remedy: "name another in cluster.namespace" }];
    }
    return foreignRelease(context);
  },
};

/** What helm keeps of a release of this name, where no install of ours is recorded. */
async function foreignRelease({ cluster, place, install, name }: HelmCheckContext): Promise<readonly CheckFinding[]> {
  if (install?.identity !== undefined) return [];
  const labels = `owner=helm,name=${name}`;
  const found = await cluster.listMetadata(kinds.secret, { ...place, labels });
  if (found.length === 0) return [];
  return [
    {
      message: `there is a release ${name} of helm in the namespace ${place.namespace}, and no install of ours made it`,
      remedy: `give another --name, name another namespace in cluster.namespace, or remove it (helm uninstall ${name} --namespace ${place.namespace})`,
    },
  ];
}

const enforceLabel = "pod-security.kubernetes.io/enforce";
/** From the strictest on. */
const levels = ["restricted", "baseline", "privileged"];

export const podSecurity: HelmCheck = {
  id: "cluster.pod-security",
  title: "the namespace's PodSecurity level allows the pods and nothing more",
  why: "pods above the level are refused when their workloads make them, and a lower one lets others do more than they must",
  severity: "failure",
  run: ({ namespace, plan, place }) => {
    const { podSecurity: wanted, exposure } = plan.settings.cluster;
    const isMade = namespace === undefined || isOurs(namespace);
    const label = namespace?.metadata.labels?.[enforceLabel];
    const enforced = isMade ? wanted : (label ?? "privileged");
    if (exposure.kind === "hostPort" && enforced !== "privileged") {
      return [
        {
          message: `cluster.exposure.kind is hostPort, and the namespace ${place.namespace} ${isMade ? "is to enforce" : "enforces"} PodSecurity ${enforced}, which allows no ports of nodes`,
          remedy: isMade
            ? "set cluster.podSecurity=privileged, or choose another cluster.exposure.kind"
            : `have an administrator set the namespace's label ${enforceLabel}=privileged, or choose another cluster.exposure.kind`,
        },
      ];
    }
    if (isMade || levels.indexOf(enforced) <= levels.indexOf(wanted)) return [];
    return [
      {
        severity: "warning",
        message: `the namespace ${place.namespace} enforces PodSecurity ${label ?? "of no level"}, and cluster.podSecurity asks for ${wanted}`,
        remedy: `kubectl label namespace ${place.namespace} ${enforceLabel}=${wanted}: every pod of the platform keeps to it`,
      },
    ];
  },
};
