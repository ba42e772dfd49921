import type { Plan } from "../../../plan/model.ts";
import type { Cluster } from "../../../platform/cluster-ports.ts";
import type { CheckFinding } from "../../check.ts";
import type { HelmCheck, HelmCheckContext } from "./cluster-check.ts";

/** What an install does with one resource. */
interface Needed {
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
}

const owned = ["get", "list", "create", "patch", "delete"];
const watched = [...owned, "watch"];

/** Rights in the namespace, for this program and for the helm it runs: an install, a change, every look at it, and its end. */
export function neededRights(plan?: Plan): readonly Needed[] {
  const gatewayClass = plan?.settings.cluster.gatewayClass.name ?? "";
  const autoscaled = plan?.components.some(({ workload }) => workload?.maxReplicas !== undefined) === true;
  const routes = { group: "gateway.networking.k8s.io", verbs: owned };
  return [
    { group: "", resource: "secrets", verbs: [...owned, "update"] },
    { group: "", resource: "configmaps", verbs: watched },
    { group: "", resource: "services", verbs: owned },
    { group: "", resource: "serviceaccounts", verbs: owned },
    { group: "", resource: "persistentvolumeclaims", verbs: owned },
    { group: "", resource: "pods", verbs: ["get", "list", "watch", "create", "patch", "delete"] },
    { group: "", resource: "pods/log", verbs: ["get"] },
    { group: "", resource: "pods/exec", verbs: ["create"] },
    { group: "", resource: "events", verbs: ["list"] },
    { group: "apps", resource: "deployments", verbs: watched },
    { group: "apps", resource: "statefulsets", verbs: watched },
    { group: "batch", resource: "jobs", verbs: watched },
    { group: "batch", resource: "cronjobs", verbs: owned },
    { group: "policy", resource: "poddisruptionbudgets", verbs: owned },
    { group: "networking.k8s.io", resource: "networkpolicies", verbs: owned },
    { group: "rbac.authorization.k8s.io", resource: "roles", verbs: owned },
    { group: "rbac.authorization.k8s.io", resource: "rolebindings", verbs: owned },
    { group: "coordination.k8s.io", resource: "leases", verbs: ["get", "create", "update", "delete"] },
    ...(autoscaled ? [{ group: "autoscaling", resource: "horizontalpodautoscalers", verbs: owned }] : []),
    ...(gatewayClass === ""
      ? []
      : ["gateways", "httproutes", "tcproutes"].map((resource) => ({ ...routes, resource }))),
  ];
}

export const rights: HelmCheck = {
  id: "cluster.rights",
  title: "you may do everything that an install does",
  why: "a right that is missing stops an install half-way",
  severity: "failure",
  run: async (context) => {
    const { cluster, place, namespace, plan } = context;
    if (namespace === undefined && !(await mayMakeNamespaces(cluster))) {
      const level = plan.settings.cluster.podSecurity;
      return [
        {
          message: `there is no namespace ${place.namespace}, and you may not make one`,
          remedy: `have an administrator make it (kubectl create namespace ${place.namespace}; kubectl label namespace ${place.namespace} pod-security.kubernetes.io/enforce=${level}), or name one that is there in cluster.namespace`,
        },
      ];
    }
    return missingRights(context, plan);
  },
};

async function mayMakeNamespaces(cluster: Cluster): Promise<boolean> {
  const about = { group: "", resource: "namespaces" };
  const answers = await Promise.all(["create", "patch"].map((verb) => may(cluster, { ...about, verb })));
  return answers.every(Boolean);
}

/** Every right in the namespace that an install needs and this user has not, as one finding; without a plan those that every install needs. */
export async function missingRights(
  { cluster, place }: Pick<HelmCheckContext, "cluster" | "place">,
  plan?: Plan,
): Promise<readonly CheckFinding[]> {
  if (await may(cluster, { group: "*", resource: "*", verb: "*", namespace: place.namespace })) return [];
  const rows = await Promise.all(
    neededRights(plan).map(async (needed): Promise<Needed> => {
      const { group, resource } = needed;
      const answers = await Promise.all(
        needed.verbs.map((verb) => may(cluster, { group, resource, verb, namespace: place.namespace })),
      );
      return { ...needed, verbs: needed.verbs.filter((_, index) => answers[index] === false) };
    }),
  );
  const missing = rows.filter(({ verbs }) => verbs.length > 0);
  if (missing.length === 0) return [];
  return [
    {
      message: `in the namespace ${place.namespace} you may not ${missing.map(describe).join("; ")}`,
      remedy: `have an administrator bind you to a Role of that namespace with rules: [${missing.map(ruleFor).join(", ")}]`,
    },
  ];
}

function describe({ group, resource, verbs }: Needed): string {
  return `${verbs.join(", ")} ${resource}${group === "" ? "" : ` (${group})`}`;
}

/** As it stands in a Role. */
function ruleFor({ group, resource, verbs }: Needed): string {
  return `{ apiGroups: ["${group}"], resources: ["${resource}"], verbs: [${verbs.join(", ")}] }`;
}

interface Question {
  readonly group: string;
  /** `pods`, `pods/log`. */
  readonly resource: string;
  readonly verb: string;
  /** Without it the right is asked for in the whole cluster. */
  readonly namespace?: string;
}

/** Asks the API server, which keeps nothing of the question. */
async function may(cluster: Cluster, { resource, ...question }: Question): Promise<boolean> {
  const [name, subresource] = resource.split("/");
  const answer = await cluster.create({
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    metadata: { name: "" },
    spec: {
      resourceAttributes: { ...question, resource: name, ...(subresource === undefined ? {} : { subresource }) },
    },
  });
  return (answer["status"] as { readonly allowed?: boolean } | undefined)?.allowed === true;
}
