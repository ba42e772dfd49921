import { beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../src/plan/model.ts";
import type { KubernetesObject } from "../../src/render/hardening/hardening-input.ts";
import { infraPlan } from "../support/infra-plan.ts";
import { samplePlan } from "../support/sample-plan.ts";
import { templatePlan } from "./helm.ts";
import { podOf } from "./parity/parity-helm.ts";

type Cluster = Plan["settings"]["cluster"];

function withCluster(change: Partial<Cluster>, plan = samplePlan): Plan {
  return { ...plan, settings: { ...plan.settings, cluster: { ...plan.settings.cluster, ...change } } };
}

function withExposure(change: Partial<Cluster["exposure"]>): Plan {
  return withCluster({ exposure: { ...samplePlan.settings.cluster.exposure, ...change } });
}

function named(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject | undefined {
  return objects.find((object) => object.kind === kind && object.metadata.name === name);
}

function podNamed(objects: readonly KubernetesObject[], id: string) {
  return objects.flatMap(podOf).find(({ labels }) => labels["app.kubernetes.io/name"] === id);
}

describe("what is published", () => {
  it.each<[Cluster["exposure"]["kind"], Partial<Cluster["exposure"]>, object]>([
    ["loadBalancer", { class: "example.org/lb" }, { type: "LoadBalancer", loadBalancerClass: "example.org/lb" }],
    ["nodePort", {}, { type: "NodePort", ports: [{ port: 443, targetPort: 443, nodePort: 443 }] }],
    ["externalIPs", { addresses: ["192.0.2.10"] }, { type: "ClusterIP", externalIPs: ["192.0.2.10"] }],
  ])("is reached by %s", async (kind, more, spec) => {
    const objects = await templatePlan(withExposure({ kind, annotations: { "example.org/pool": "a" }, ...more }));

    const service = named(objects, "Service", "sample-gateway-public");
    expect(service?.["spec"]).toMatchObject(spec);
    expect(service?.metadata.annotations).toEqual({ "example.org/pool": "a" });
    expect(named(objects, "Service", "sample-app-public")).toBeDefined();
  });

  it.each(["hostPort", "clusterIP"] as const)("has no Service of its own by %s", async (kind) => {
    const objects = await templatePlan(withExposure({ kind }));

    const ports = podNamed(objects, "gateway")?.spec.containers[0]?.ports;
    expect(objects.filter(({ metadata }) => metadata.name.endsWith("-public"))).toEqual([]);
    expect(ports).toEqual([{ name: "main", containerPort: 443, ...(kind === "hostPort" ? { hostPort: 443 } : {}) }]);
    expect(named(objects, "Deployment", "sample-gateway")?.["spec"]).toMatchObject({
      strategy: { rollingUpdate: kind === "hostPort" ? { maxSurge: 0 } : { maxSurge: 1 } },
    });
  });
});

describe("a Gateway of the cluster", () => {
  const plan = withCluster(
    { gatewayClass: { name: "envoy", namespace: "envoy-system", addresses: ["10.244.0.0/16"] } },
    infraPlan(["domain=platform.test"]),
  );
  const tcpRoutes = ["--api-versions", "gateway.networking.k8s.io/v1alpha2/TCPRoute"];
  let objects: readonly KubernetesObject[];
  beforeAll(async () => {
    objects = await templatePlan(plan, ["--set-string", `secretDigests.gateway=${"7".repeat(64)}`]);
  });

  it("takes the public names and leads all of them to the platform's own gateway, TLS ended", () => {
    expect(named(objects, "Gateway", "slipway-gateway")?.["spec"]).toMatchObject({
      gatewayClassName: "envoy",
      listeners: expect.arrayContaining([
        expect.objectContaining({
          name: "main",
          hostname: "platform.test",
          port: 443,
          protocol: "HTTPS",
          tls: { mode: "Terminate", certificateRefs: [{ kind: "Secret", name: "slipway-tls-gateway-7777777777" }] },
        }),
        expect.objectContaining({ name: "main-plain", port: 80, protocol: "HTTP" }),
      ]) as unknown,
    });
    const routes = objects.filter(({ kind }) => kind === "HTTPRoute").map(({ spec }) => spec as Route);
    expect(routes).toHaveLength(6);
    expect(routes.every(({ rules }) => rules[0]?.backendRefs[0]?.name === "slipway-gateway")).toBe(true);
    expect(new Set(routes.map(({ rules }) => rules[0]?.backendRefs[0]?.port))).toEqual(new Set([80, 18443]));
  });

  it("alone may call it from outside, and nothing else publishes its ports", () => {
    const policy = named(objects, "NetworkPolicy", "slipway-gateway")?.["spec"] as { readonly ingress: unknown };

    expect(policy.ingress).toContainEqual({
      ports: [
        { port: 80, protocol: "TCP" },
        { port: 18443, protocol: "TCP" },
      ],
      from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "envoy-system" } } }],
    });
    expect(named(objects, "Service", "slipway-gateway-public")).toBeUndefined();
  });

  it("takes Git over SSH, too, where the cluster has TCPRoute", async () => {
    const withRoutes = await templatePlan(plan, tcpRoutes);

    expect(named(objects, "TCPRoute", "slipway-gitlab-shell-2222")).toBeUndefined();
    expect(named(objects, "Service", "slipway-gitlab-shell-public")).toBeDefined();
    expect(named(withRoutes, "TCPRoute", "slipway-gitlab-shell-2222")).toBeDefined();
    expect(named(withRoutes, "Service", "slipway-gitlab-shell-public")).toBeUndefined();
  });

  it("is there only where a class is named", async () => {
    const kinds = (await templatePlan(samplePlan, tcpRoutes)).map(({ kind }) => kind);

    expect(kinds.filter((kind) => ["Gateway", "HTTPRoute", "TCPRoute"].includes(kind))).toEqual([]);
  });
});

interface Route {
  readonly rules: readonly { readonly backendRefs: readonly { readonly name: string; readonly port: number }[] }[];
}

describe("public names inside", () => {
  it("lead whoever calls the gateway to its address, once that is known", async () => {
    const before = await templatePlan(samplePlan);
    const after = await templatePlan(samplePlan, ["--set", "cluster.gatewayAddress=10.97.0.9"]);

    expect(podNamed(after, "app")?.spec.hostAliases).toEqual([{ ip: "10.97.0.9", hostnames: ["example.org"] }]);
    expect(podNamed(after, "store")?.spec.hostAliases).toBeUndefined();
    expect(podNamed(before, "app")?.spec.hostAliases).toBeUndefined();
  });
});

describe("a job", () => {
  let objects: readonly KubernetesObject[];
  beforeAll(async () => {
    objects = await templatePlan(samplePlan, ["--set-string", `secretDigests.store-schema=${"8".repeat(64)}`]);
  });

  it("runs before what says that it has completed, by the hash of what it is and the digest of its secrets", () => {
    const pod = podNamed(objects, "store-schema")?.spec;
    const hash = named(objects, "Job", nameOf(objects, "store-schema"))?.metadata.annotations?.[
      "slipway.dev/spec-hash"
    ];

    expect(pod?.initContainers?.map(({ name }) => name)).toEqual(["after-jobs", "wait-store", "store-schema"]);
    expect(pod?.containers.map(({ name, args }) => [name, args])).toEqual([
      ["mark", ["mark-done", "sample-store-schema-done", `${hash}.${"8".repeat(64)}`]],
    ]);
  });

  it("gives a token to that container alone", () => {
    const pod = podNamed(objects, "store-schema")?.spec;
    const holders = [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])].filter((container) =>
      container.volumeMounts?.some(({ name }) => name === "api-access"),
    );

    expect(holders.map(({ name }) => name)).toEqual(["mark"]);
    expect(pod?.automountServiceAccountToken).toBe(false);
    const elsewhere = objects.flatMap(podOf).filter(({ object }) => object.kind !== "Job");
    expect(JSON.stringify(elsewhere)).not.toContain("serviceAccountToken");
  });

  it("may read and write its own ConfigMap and nothing else", () => {
    expect(named(objects, "Role", "sample-store-schema-done")?.["rules"]).toEqual([
      {
        apiGroups: [""],
        resources: ["configmaps"],
        resourceNames: ["sample-store-schema-done"],
        verbs: ["get", "patch"],
      },
    ]);
    expect(named(objects, "RoleBinding", "sample-store-schema-done")?.["subjects"]).toEqual([
      { kind: "ServiceAccount", name: "sample-store-schema", namespace: "test" },
    ]);
    expect(named(objects, "ConfigMap", "sample-store-schema-done")?.["data"]).toBeUndefined();
  });

  it("reaches the API server, where a policy says it is", async () => {
    const plan = withCluster({ apiServer: { addresses: ["192.0.2.1"], ports: [6443] } });
    const egressOf = (from: readonly KubernetesObject[], name: string): unknown =>
      (named(from, "NetworkPolicy", name)?.["spec"] as { readonly egress: unknown }).egress;

    const there = {
      to: [{ ipBlock: { cidr: "192.0.2.1/32" } }],
      ports: [{ port: 6443, protocol: "TCP" }],
    };
    const rendered = await templatePlan(plan);
    expect(egressOf(rendered, "sample-store-schema")).toContainEqual(there);
    expect(egressOf(rendered, "sample-store")).not.toContainEqual(there);
    expect(egressOf(rendered, "sample-verify")).not.toContainEqual(there);
  });
});

function nameOf(objects: readonly KubernetesObject[], job: string): string {
  return (
    objects.find(({ kind, metadata }) => kind === "Job" && metadata.labels?.["app.kubernetes.io/name"] === job)
      ?.metadata.name ?? ""
  );
}
