import { proofs } from "../proof.ts";
import type { BadInput } from "./row.ts";

const untouched = "nothing was changed: the cluster is looked at before";
const place = "helm/checks/place";
const room = "helm/checks/room";
const rights = "helm/checks/rights";
const storage = "helm/checks/storage";
const rehearse = "helm/rehearse";
const real = "kubernetes-refusals";

/** What is wrong with a cluster, or with what may be done in it. */
export const clusterRows: readonly BadInput[] = [
  {
    fault: "a cluster that does not answer",
    says: "… cannot be reached…",
    code: "PREFLIGHT_FAILED",
    state: untouched,
    again: "when it can be reached, or with another context",
    proofs: [
      ...proofs("helm/checks/all", "that does not answer is told once, with its context, and nothing else is"),
      ...proofs(real, "refuses when nobody listens there, and names the address", "refuses a certificate that is over"),
    ],
  },
  {
    fault: "no kubeconfig, or a context that is not in it",
    says: "there is no kubeconfig …",
    code: "PREFLIGHT_FAILED",
    state: untouched,
    again: "with KUBECONFIG set, or one of the contexts that are named",
    proofs: proofs(
      real,
      "refuses without a kubeconfig, and says how one is named",
      "refuses a context that the kubeconfig has not, and names those that it has",
    ),
  },
  {
    fault: "a version of Kubernetes that is too old; one that is newer than any that was tried is a warning",
    says: "the cluster has Kubernetes …",
    code: "PREFLIGHT_FAILED",
    state: untouched,
    again: "with a cluster of a version that is named",
    proofs: proofs("helm/checks/all", "of an old version fails, and of a new one warns"),
  },
  {
    fault: "too little rights in the namespace, or none to make one",
    says: "in the namespace … you may not …",
    code: "PREFLIGHT_FAILED",
    state: untouched,
    again: "with a Role that has the rules that are printed",
    proofs: [
      ...proofs(
        rights,
        "that are missing are listed exactly, with the rules that grant them",
        "in the whole cluster are only needed to make the namespace",
      ),
      ...proofs(
        real,
        "names each right that a user lacks, before anything is made",
        "refuses a user who may do nothing, and who may not make the namespace either",
      ),
    ],
  },
  {
    fault: "a namespace that goes away, is the cluster's own, or has another release of the name",
    says: "… is being removed since …",
    code: "PREFLIGHT_FAILED",
    state: untouched,
    again: "with another namespace, or when it is gone",
    proofs: [
      ...proofs(place, "that is going away is not used", "with another release of the name is somebody else's"),
      ...proofs(real, "refuses a release of somebody else with the same name"),
    ],
  },
  {
    fault: "no default storage class, one that is not there, that makes no volumes, or lets no claim grow",
    says: "the cluster has no default storage class, and cluster.storageClass names none",
    code: "PREFLIGHT_FAILED",
    state: untouched,
    again: "with one of the classes that are named",
    proofs: [
      ...proofs(
        storage,
        "without a default class, or by one that is not there, names those that are",
        "by a class that makes no volumes needs one for each claim",
        "cannot grow where the class of a claim does not allow it",
      ),
      ...proofs(
        real,
        "refuses a storage class that is not there, and names those that are",
        "refuses where no class is the default one",
        "refuses a class that makes no volumes where none is free",
      ),
    ],
  },
  {
    fault: "a ResourceQuota or LimitRange that the platform does not keep to",
    says: "the quota … has … left, and the platform needs …",
    code: "PREFLIGHT_FAILED",
    state: untouched,
    again: "with less asked for, or more allowed",
    proofs: [
      ...proofs(
        room,
        "that are too small name what is short, and what is in use already counts once",
        "count no job that has completed, whose pod is over",
        "that forbid a container say which limit, and how to keep to it",
      ),
      ...proofs(real, "refuses a quota that is too small, and says by how much"),
    ],
  },
  {
    fault: "nodes that are too small or take no pods; too few of them are a warning, because some clusters add nodes",
    says: "its pod fits on no node: …",
    code: "PREFLIGHT_FAILED",
    state: untouched,
    again: "with a larger node, or smaller resources",
    proofs: proofs(
      room,
      "fails for a pod that fits on no node, and names what is too much",
      "warns when what is free does not do for all pods together",
      "leaves out nodes that take no pods",
    ),
  },
  {
    fault: "a pull secret, priority class or gateway class that is not there, or kinds of the Gateway API that are not",
    says: "… and there is no such Secret in the namespace …",
    code: "PREFLIGHT_FAILED",
    state: untouched,
    again: "with it made, or another named",
    proofs: [
      ...proofs(
        place,
        "of pull secrets are of Secrets with the right type",
        "of the priority class and the gateway class are there",
      ),
      ...proofs(
        real,
        "refuses a gateway class where the Gateway API is not known",
        "refuses a priority class and a pull secret that are not there",
      ),
    ],
  },
  {
    fault: "a DNS or an API server of the cluster that is not where the values let pods reach it",
    says: "the API server listens on port …",
    code: "PREFLIGHT_FAILED",
    state: untouched,
    again: "with the settings that are printed",
    proofs: proofs(
      place,
      "has its DNS where the values say, else the right place is named",
      "has its API server inside of what jobs may reach",
    ),
  },
  {
    fault: "PodSecurity, a policy or a webhook that refuses an object or a pod, or an object of another release",
    says: "a part of the change would be refused",
    code: "PREFLIGHT_FAILED",
    state:
      "nothing was changed: the cluster goes through every object before. In a namespace that is not there yet only that is tried",
    again: "with the policy kept to or changed",
    proofs: [
      ...proofs(
        rehearse,
        "lists what policies refuse, of pods too, in the cluster's words",
        "names an object of the same name that another made",
        "tries the namespace alone where it is not there yet, and says so",
      ),
      ...proofs(real, "shows in the plan what a policy of the cluster refuses, with the policy's own words"),
    ],
  },
];
