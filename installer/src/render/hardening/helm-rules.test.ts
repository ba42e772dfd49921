import { describe, expect, it } from "vitest";
import { checkHardening } from "./check-hardening.ts";
import type { KubernetesObject, RuleId } from "./hardening-input.ts";
import { helmObjectRules } from "./helm-object-rules.ts";
import { helmPodRules } from "./helm-pod-rules.ts";

const labels = { "app.kubernetes.io/name": "store", "app.kubernetes.io/instance": "test" };

function goodContainer() {
  return {
    name: "store",
    image: "slipway/store:0123456789abcdef",
    imagePullPolicy: "IfNotPresent",
    command: ["store"] as string[],
    env: [{ name: "TZ", value: "UTC" }] as Record<string, unknown>[],
    ports: [{ containerPort: 5432 }] as Record<string, unknown>[],
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"], add: [] as string[] },
      seccompProfile: { type: "RuntimeDefault" },
      appArmorProfile: { type: "RuntimeDefault" },
    },
    resources: {
      requests: { cpu: "1", memory: "1Mi", "ephemeral-storage": "1Mi" } as Record<string, string>,
      limits: { cpu: "1", memory: "1Mi", "ephemeral-storage": "1Mi" } as Record<string, string>,
    },
    startupProbe: { exec: { command: ["ready"] } } as object | undefined,
    readinessProbe: { exec: { command: ["ready"] } } as object,
    livenessProbe: { tcpSocket: { port: 5432 } } as object,
  };
}

function goodPod(account: string, restartPolicy: string) {
  return {
    serviceAccountName: account,
    automountServiceAccountToken: false,
    restartPolicy,
    hostNetwork: false,
    securityContext: { seccompProfile: { type: "RuntimeDefault" } as object | undefined },
    affinity: {} as object | undefined,
    topologySpreadConstraints: [],
    containers: [goodContainer()],
    volumes: [{ name: "secret", secret: { secretName: "files", defaultMode: 0o400 } }] as Record<string, unknown>[],
  };
}

const meta = (name: string, extra: object = {}) => ({ name, labels: { ...labels }, ...extra });

/** A release that breaks no rule, one object of every kind the chart makes. */
function goodRelease() {
  return {
    set: {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: meta("store"),
      spec: {
        replicas: 2,
        selector: { matchLabels: { ...labels } as Record<string, string> },
        serviceName: "store",
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
        volumeClaimTemplates: [
          {
            spec: {
              accessModes: ["ReadWriteOnce"],
              resources: { requests: { storage: "1Gi" } as Record<string, string> },
            },
          },
        ],
        template: { metadata: { labels: { ...labels } }, spec: goodPod("store", "Always") },
      },
    },
    job: {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: meta("job"),
      spec: {
        backoffLimit: 1 as number | undefined,
        activeDeadlineSeconds: 60,
        ttlSecondsAfterFinished: 60,
        template: { metadata: { labels: { ...labels } }, spec: goodPod("job", "Never") },
      },
    },
    service: {
      apiVersion: "v1",
      kind: "Service",
      metadata: meta("store"),
      spec: { type: "ClusterIP", selector: { ...labels } as Record<string, string> },
    },
    account: { apiVersion: "v1", kind: "ServiceAccount", metadata: meta("store"), automountServiceAccountToken: false },
    jobAccount: {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: meta("job"),
      automountServiceAccountToken: false,
    },
    budget: {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: meta("store"),
      spec: { maxUnavailable: 1, selector: { matchLabels: { ...labels } } },
    },
    policy: {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: meta("store"),
      spec: { podSelector: { matchLabels: { ...labels } }, policyTypes: ["Ingress", "Egress"] },
    },
    config: {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: meta("config"),
      data: { etc__app__app_conf: "port = 1\n" } as Record<string, string>,
    },
    role: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: meta("role"),
      rules: [{ verbs: ["get"], resources: ["jobs"] }],
    },
    binding: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: meta("role"),
      roleRef: { name: "role" },
    },
    namespace: {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: "test",
        labels: {
          "pod-security.kubernetes.io/enforce": "restricted",
          "pod-security.kubernetes.io/audit": "restricted",
          "pod-security.kubernetes.io/warn": "restricted",
        } as Record<string, string>,
      },
    },
  };
}

type Release = ReturnType<typeof goodRelease>;

function rulesBroken(change: (release: Release) => void): readonly string[] {
  const release = goodRelease();
  change(release);
  const objects = Object.values(release) as unknown as readonly KubernetesObject[];
  return [...new Set(checkHardening({ target: "helm", objects, secrets: [] }).map((finding) => finding.rule))];
}

const pod = (release: Release) => release.set.spec.template.spec;
const container = (release: Release) => pod(release).containers[0]!;

const violations: readonly (readonly [RuleId, string, (release: Release) => void])[] = [
  ["S01", "root", (it) => (container(it).securityContext.runAsUser = 0)],
  ["S01", "a user that may be root", (it) => (container(it).securityContext.runAsNonRoot = false)],
  ["S02", "privileges to be gained", (it) => (container(it).securityContext.allowPrivilegeEscalation = true)],
  ["S03", "capabilities kept", (it) => (container(it).securityContext.capabilities.drop = [])],
  ["S03", "a capability added", (it) => container(it).securityContext.capabilities.add.push("NET_RAW")],
  ["S04", "a writable root", (it) => (container(it).securityContext.readOnlyRootFilesystem = false)],
  ["S05", "privileged", (it) => (container(it).securityContext.privileged = true)],
  ["S05", "the node's network", (it) => (pod(it).hostNetwork = true)],
  ["S05", "a path of the node", (it) => pod(it).volumes.push({ name: "x", hostPath: { path: "/" } })],
  ["S05", "a port of the node", (it) => container(it).ports.push({ hostPort: 80 })],
  ["S06", "no seccomp profile", (it) => (pod(it).securityContext.seccompProfile = undefined)],
  ["S06", "seccomp off", (it) => (container(it).securityContext.seccompProfile.type = "Unconfined")],
  ["S07", "AppArmor off", (it) => (container(it).securityContext.appArmorProfile.type = "Unconfined")],
  ["S08", "no memory limit", (it) => delete container(it).resources.limits["memory"]],
  ["S08", "no request of local disk", (it) => delete container(it).resources.requests["ephemeral-storage"]],
  ["S09", "a missing probe", (it) => (container(it).startupProbe = undefined)],
  ["S09", "an open port as readiness", (it) => (container(it).readinessProbe = { tcpSocket: { port: 1 } })],
  ["S09", "one question for both probes", (it) => (container(it).livenessProbe = container(it).readinessProbe)],
  ["S10", "a tag that says nothing", (it) => (container(it).image = "store:1.2")],
  ["S11", "a stale image", (it) => (container(it).image = "store:1.2")],
  ["S12", "a password in the environment", (it) => container(it).env.push({ name: "DB_PASSWORD", value: "hunter2" })],
  [
    "S12",
    "a secret reference in the environment",
    (it) => container(it).env.push({ name: "X", valueFrom: { secretKeyRef: {} } }),
  ],
  ["S12", "a password in a command", (it) => container(it).command.push("--token=hunter2")],
  [
    "S12",
    "a password in a probe",
    (it) => (container(it).readinessProbe = { exec: { command: ["redis://u:hunter2@h/"] } }),
  ],
  [
    "S12",
    "a password in an annotation",
    (it) => (it.set.metadata = meta("store", { annotations: { password: "hunter2" } }) as never),
  ],
  ["S12", "a password in a ConfigMap", (it) => (it.config.data["app"] = "password = hunter2\n")],
  [
    "S13",
    "a secret for everyone",
    (it) => pod(it).volumes.push({ name: "x", secret: { secretName: "x", defaultMode: 0o444 } }),
  ],
  ["S14", "a Service that leads past the edge", (it) => (it.service.spec.type = "NodePort")],
  [
    "S14",
    "an address of a node that leads past the edge",
    (it) => (it.service.spec = { ...it.service.spec, externalIPs: ["192.0.2.1"] } as never),
  ],
  ["S15", "no policy for what goes out", (it) => (it.policy.spec.policyTypes = ["Ingress"])],
  ["S17", "a token of the cluster", (it) => (pod(it).automountServiceAccountToken = true)],
  ["S17", "a shared account", (it) => (pod(it).serviceAccountName = "job")],
  ["S17", "a wildcard", (it) => (it.role.rules = [{ verbs: ["*"], resources: ["jobs"] }])],
  ["S17", "a way into pods", (it) => (it.role.rules = [{ verbs: ["create"], resources: ["pods/exec"] }])],
  ["S17", "the whole cluster", (it) => (it.binding.roleRef.name = "cluster-admin")],
  ["S18", "a budget that forbids every eviction", (it) => (it.budget.spec.maxUnavailable = 0)],
  ["S19", "copies on one node", (it) => (pod(it).affinity = undefined)],
  [
    "S20",
    "claims that go with the set",
    (it) => (it.set.spec.persistentVolumeClaimRetentionPolicy.whenDeleted = "Delete"),
  ],
  ["S20", "a claim without size", (it) => (it.set.spec.volumeClaimTemplates[0]!.spec.resources.requests = {})],
  ["S20", "no serviceName", (it) => (it.set.spec.serviceName = "")],
  ["S21", "no restart", (it) => (pod(it).restartPolicy = "OnFailure")],
  ["S22", "endless retries", (it) => (it.job.spec.backoffLimit = undefined)],
  ["S22", "a restart in place", (it) => (it.job.spec.template.spec.restartPolicy = "OnFailure")],
  ["S27", "a namespace without standard", (it) => (it.namespace.metadata.labels = {})],
  ["S32", "latest", (it) => (container(it).image = "store:latest")],
  ["S33", "an unstable API", (it) => (it.budget.apiVersion = "policy/v1beta1")],
  ["S33", "a label that is refused", (it) => (it.service.metadata.labels = { x: "-no-" } as never)],
  ["S33", "a selector of nothing", (it) => (it.service.spec.selector = { x: "y" })],
  ["S36", "a variable twice", (it) => container(it).env.push({ name: "TZ", value: "UTC" })],
  ["S36", "a reference left over", (it) => container(it).env.push({ name: "A", value: "$(HOME)" })],
];

describe("hardening rules on Kubernetes objects", () => {
  it("find nothing in a good release", () => {
    expect(rulesBroken(() => undefined)).toEqual([]);
  });

  it.each(violations)("%s catches %s", (rule, _what, change) => {
    expect(rulesBroken(change)).toContain(rule);
  });

  it("count the pods that an autoscaler may add", () => {
    const { set, ...rest } = goodRelease();
    const { template } = set.spec;
    const alone = { ...template, spec: { ...template.spec, affinity: undefined } };
    const scaled = { ...set, spec: { ...set.spec, replicas: undefined, template: alone } };
    const autoscaler = {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: meta("store"),
      spec: { maxReplicas: 4, scaleTargetRef: { kind: "StatefulSet", name: "store" } },
    };
    const rulesOf = (objects: readonly object[]) =>
      checkHardening({ target: "helm", objects: objects as never, secrets: [] }).map(({ rule }) => rule);

    expect(rulesOf([scaled, ...Object.values(rest)])).not.toContain("S19");
    expect(rulesOf([scaled, autoscaler, ...Object.values(rest)])).toContain("S19");
  });

  it("look into CronJobs and into Secrets that the installer makes", () => {
    const { job } = goodRelease();
    const cron = { ...job, kind: "CronJob", spec: { jobTemplate: { spec: { ...job.spec, backoffLimit: undefined } } } };
    const secrets = [
      {
        name: "files-app",
        unit: "app",
        type: "Opaque" as const,
        entries: [{ key: "etc__app", contents: ["password = hunter2"] }],
      },
    ];

    const found = checkHardening({ target: "helm", objects: [cron], secrets });

    expect(found.map((finding) => `${finding.rule} ${finding.where}`)).toEqual(
      expect.arrayContaining(["S22 CronJob/job", "S12 Secret/files-app:/etc/app"]),
    );
  });

  it("have a violation for every rule", () => {
    const tried = new Set(violations.map(([rule]) => rule));

    const all = [...Object.keys(helmPodRules), ...Object.keys(helmObjectRules)] as RuleId[];

    expect(all.filter((rule) => !tried.has(rule))).toEqual([]);
  });
});
