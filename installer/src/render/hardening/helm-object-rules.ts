import { type KubernetesObject, type Problem, problemIf, type Rules } from "./hardening-input.ts";
import { type HelmPod, type HelmSubject, jobSpecOf, type Labels, placeOf, selects, specOf } from "./helm-objects.ts";

interface Selector {
  readonly matchLabels?: Labels;
}

interface Claim {
  readonly spec?: { readonly accessModes?: readonly string[]; readonly resources?: { readonly requests?: Labels } };
}

interface OpenService {
  readonly type: string;
  readonly externalIPs: readonly string[];
  readonly selector: Labels;
}

/** The rules about objects around pods: policies, accounts, budgets, services, claims, jobs. */
export const helmObjectRules: Rules<HelmSubject> = {
  S14: ({ objects, pods }) =>
    objects
      .filter(({ kind }) => kind === "Service")
      .flatMap((object) => {
        const { type = "ClusterIP", externalIPs = [], selector } = specOf<OpenService>(object);
        const isOpen = !["ClusterIP", "ExternalName"].includes(type) || externalIPs.length > 0;
        const inside = pods.filter(({ labels }) => selects(selector, labels) && labels["slipway.dev/zone"] !== "edge");
        return problemIf(
          isOpen && inside.length > 0,
          placeOf(object),
          `is open to the outside (${type}) and leads past the edge`,
        );
      }),
  S15: (subject) => subject.pods.flatMap((pod) => policyProblems(subject, pod)),
  S17: (subject) => [
    ...subject.pods.flatMap((pod) => accountProblems(subject, pod)),
    ...subject.objects.flatMap(roleProblems),
  ],
  S18: (subject) =>
    subject.pods
      .filter((pod) => pod.serves)
      .flatMap((pod) => {
        const budgets = subject.objects
          .filter((object) => object.kind === "PodDisruptionBudget")
          .map((object) => specOf<{ readonly maxUnavailable: number; readonly selector: Selector }>(object))
          .filter((spec) => selects(spec.selector?.matchLabels, pod.labels));
        return problemIf(
          budgets.length !== 1 || budgets[0]?.maxUnavailable !== 1,
          pod.where,
          "has no budget with maxUnavailable 1",
        );
      }),
  S19: (subject) =>
    subject.pods.flatMap(({ object, spec, where }) => {
      const replicas = specOf<{ readonly replicas: number }>(object).replicas ?? mostOf(subject, object);
      const spread = Array.isArray(spec["topologySpreadConstraints"]) && spec["affinity"] !== undefined;
      return problemIf(replicas > 1 && !spread, where, "may have all its copies on one node");
    }),
  S20: ofKind(["StatefulSet"], claimProblems),
  S22: ofKind(["Job", "CronJob"], (object) => {
    const { template, ...job } = jobSpecOf(object);
    return [
      ...(["backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"] as const).flatMap((key) =>
        problemIf(job[key] === undefined, placeOf(object), `has no ${key}`),
      ),
      ...problemIf(template?.spec?.restartPolicy !== "Never", placeOf(object), "restarts in place"),
    ];
  }),
  S27: ofKind(["Namespace"], (object) => {
    const levels = ["enforce", "audit", "warn"].map(
      (mode) => object.metadata.labels?.[`pod-security.kubernetes.io/${mode}`],
    );
    return problemIf(
      levels.some((level) => level !== "restricted"),
      placeOf(object),
      "does not insist on the restricted standard",
    );
  }),
  S33: (subject) => [
    ...subject.objects.flatMap(formProblems),
    ...subject.objects.flatMap((object) => selectorProblems(subject, object)),
  ],
};

/** Pods that an autoscaler may give a workload; one where there is none. */
function mostOf({ objects }: HelmSubject, { kind, metadata }: KubernetesObject): number {
  const scaler = objects
    .filter((object) => object.kind === "HorizontalPodAutoscaler")
    .map((object) =>
      specOf<{
        readonly maxReplicas: number;
        readonly scaleTargetRef: { readonly kind: string; readonly name: string };
      }>(object),
    )
    .find(({ scaleTargetRef }) => scaleTargetRef?.kind === kind && scaleTargetRef.name === metadata.name);
  return scaler?.maxReplicas ?? 1;
}

function ofKind(kinds: readonly string[], rule: (object: KubernetesObject) => readonly Problem[]) {
  return ({ objects }: HelmSubject): readonly Problem[] =>
    objects.filter(({ kind }) => kinds.includes(kind)).flatMap(rule);
}

function policyProblems({ objects }: HelmSubject, pod: HelmPod): readonly Problem[] {
  const types = objects
    .filter(({ kind }) => kind === "NetworkPolicy")
    .map((object) =>
      specOf<{
        readonly podSelector: Selector;
        readonly policyTypes: readonly string[];
        readonly egress: readonly unknown[];
      }>(object),
    )
    .filter((spec) => selects(spec.podSelector?.matchLabels ?? {}, pod.labels))
    .flatMap((spec) => spec.policyTypes ?? []);
  return ["Ingress", "Egress"].flatMap((type) =>
    problemIf(!types.includes(type), pod.where, `has no policy for ${type}`),
  );
}

function accountProblems({ objects, pods }: HelmSubject, { spec, where }: HelmPod): readonly Problem[] {
  const name = spec.serviceAccountName;
  const account = objects.find(({ kind, metadata }) => kind === "ServiceAccount" && metadata.name === name);
  const sharers = pods.filter((other) => other.spec.serviceAccountName === name);
  return [
    ...problemIf(account === undefined || sharers.length > 1, where, "has no service account of its own"),
    ...problemIf(
      spec.automountServiceAccountToken !== false || account?.["automountServiceAccountToken"] !== false,
      where,
      "is given a token of the cluster",
    ),
  ];
}

function roleProblems(object: KubernetesObject): readonly Problem[] {
  const where = placeOf(object);
  if (object.kind === "ClusterRoleBinding" || object.kind === "RoleBinding") {
    const role = object["roleRef"] as { readonly name?: string } | undefined;
    return problemIf(role?.name === "cluster-admin", where, "gives away the cluster");
  }
  if (object.kind !== "Role" && object.kind !== "ClusterRole") return [];
  const rules = (object["rules"] ?? []) as readonly {
    readonly verbs?: readonly string[];
    readonly resources?: readonly string[];
  }[];
  const broad = rules.some(({ verbs = [], resources = [] }) => verbs.includes("*") || resources.includes("*"));
  const exec = rules.some(({ resources = [] }) => resources.includes("pods/exec") || resources.includes("pods/attach"));
  return [...problemIf(broad, where, "has a wildcard"), ...problemIf(exec, where, "may enter pods")];
}

function claimProblems(object: KubernetesObject): readonly Problem[] {
  const where = placeOf(object);
  const {
    serviceName,
    volumeClaimTemplates,
    persistentVolumeClaimRetentionPolicy: kept,
  } = specOf<{
    readonly serviceName: string;
    readonly volumeClaimTemplates: readonly Claim[];
    readonly persistentVolumeClaimRetentionPolicy: { readonly whenDeleted?: string; readonly whenScaled?: string };
  }>(object);
  const claims = volumeClaimTemplates ?? [];
  return [
    ...problemIf((serviceName ?? "") === "", where, "has no serviceName"),
    ...problemIf(
      claims.some(
        ({ spec }) =>
          spec?.resources?.requests?.["storage"] === undefined || spec.accessModes?.join() !== "ReadWriteOnce",
      ),
      where,
      "has a claim without size or not ReadWriteOnce",
    ),
    ...problemIf(kept?.whenDeleted !== "Retain" || kept.whenScaled !== "Retain", where, "may lose its claims"),
  ];
}

function formProblems(object: KubernetesObject): readonly Problem[] {
  const labels = Object.values(object.metadata.labels ?? {});
  return [
    ...problemIf(
      /(?:alpha|beta)\d*$/.test(object.apiVersion),
      placeOf(object),
      `uses the unstable ${object.apiVersion}`,
    ),
    ...problemIf(
      labels.some((label) => !/^(?:[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?)?$/.test(label)),
      placeOf(object),
      "has a label that Kubernetes refuses",
    ),
  ];
}

function selectorProblems({ pods }: HelmSubject, object: KubernetesObject): readonly Problem[] {
  const spec = specOf<{ readonly selector: Labels & Selector }>(object);
  const selector = object.kind === "Service" ? spec.selector : spec.selector?.matchLabels;
  const selecting = ["Service", "Deployment", "StatefulSet", "PodDisruptionBudget"].includes(object.kind);
  return problemIf(
    selecting && selector !== undefined && !pods.some((pod) => selects(selector, pod.labels)),
    placeOf(object),
    "selects no pod",
  );
}
