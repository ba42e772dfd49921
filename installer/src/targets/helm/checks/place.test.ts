import { describe, expect, it } from "vitest";
import { referencePlan } from "../../../../test/support/compose-reference.ts";
import { kinds } from "../kinds.ts";
import { namespaceUsable, podSecurity } from "./namespace.ts";
import { apiServerAllowed, clusterDns } from "./network.ts";
import { gatewayClass, podMeasurements, priorityClass, pullSecrets } from "./references.ts";
import { found, place, readyCluster } from "./testing/cluster-world.ts";

const enforce = "pod-security.kubernetes.io/enforce";

describe("the namespace", () => {
  it("that is going away is not used", async () => {
    const namespace = { ...kinds.namespace, metadata: { name: "hub", deletionTimestamp: "2026-11-21T10:00:00Z" } };
    const [finding] = await found(namespaceUsable, readyCluster(), { namespace });
    expect(finding?.message).toContain("the namespace hub is being removed since 2026-11-21T10:00:00Z");
  });

  it("with another release of the name is somebody else's", async () => {
    const memory = readyCluster();
    memory.put({
      ...kinds.secret,
      metadata: { name: "sh.helm.release.v1.slipway.v1", ...place, labels: { owner: "helm", name: "slipway" } },
    });
    const [finding] = await found(namespaceUsable, memory);
    expect(finding?.message).toBe(
      "there is a release slipway of helm in the namespace hub, and no install of ours made it",
    );
  });

  it("must allow ports of nodes where those are asked for", async () => {
    const memory = readyCluster();
    memory.put({ ...kinds.namespace, metadata: { name: "hub", labels: { [enforce]: "baseline" } } });
    const exposure = { kind: "hostPort", addresses: [], class: "", annotations: {} } as const;
    const settings = { exposure, podSecurity: "privileged" } as const;
    const [finding] = await found(podSecurity, memory, { settings });
    expect(finding?.message).toContain("hostPort, and the namespace hub enforces PodSecurity baseline");
    expect(await found(podSecurity, memory, { settings, namespace: undefined })).toEqual([]);
  });

  it("that enforces less than is wanted is a warning", async () => {
    const [finding] = await found(podSecurity, readyCluster());
    expect(finding).toMatchObject({ severity: "warning" });
    expect(finding?.remedy).toContain(`kubectl label namespace hub ${enforce}=restricted`);
  });
});

describe("what pods use", () => {
  it("has to be measured only where components grow with it", async () => {
    const memory = readyCluster();
    memory.unknownKinds.add("PodMetrics");

    const [finding] = await found(podMeasurements, memory, { plan: referencePlan("ha") });

    expect(finding?.message).toBe(
      "the cluster does not measure what pods use (metrics.k8s.io), and csghub-aigateway, csghub-rproxy, csghub-server, gateway are to grow with it",
    );
    expect(await found(podMeasurements, memory)).toEqual([]);
    expect(await found(podMeasurements, readyCluster(), { plan: referencePlan("ha") })).toEqual([]);
  });
});

describe("names in the values", () => {
  it("of pull secrets are of Secrets with the right type", async () => {
    const memory = readyCluster();
    memory.put({ ...kinds.secret, metadata: { name: "mine", ...place }, type: "kubernetes.io/dockerconfigjson" });
    memory.put({ ...kinds.secret, metadata: { name: "plain", ...place }, type: "Opaque" });
    const settings = { imagePullSecrets: ["mine", "plain", "gone"] };
    const findings = await found(pullSecrets, memory, { settings });
    expect(findings.map(({ message }) => message)).toEqual([
      "the Secret plain is of the type Opaque, which gives no image",
      "cluster.imagePullSecrets names gone, and there is no such Secret in the namespace hub",
    ]);
  });

  it("of pull secrets may be the one that the install makes by itself", async () => {
    const settings = { imagePullSecrets: ["slipway-image-registry"] };

    expect(await found(pullSecrets, readyCluster(), { settings })).toEqual([]);
  });

  it("of the priority class and the gateway class are there", async () => {
    const memory = readyCluster();
    memory.put({ ...kinds.priorityClass, metadata: { name: "high" } });
    const [priority] = await found(priorityClass, memory, { settings: { priorityClass: "higher" } });
    expect(priority).toMatchObject({ message: "the cluster has no priority class higher" });
    expect(priority?.remedy).toContain("one of high");

    const settings = { gatewayClass: { name: "edge", namespace: "", addresses: [] } };
    const [gateway] = await found(gatewayClass, memory, { settings });
    expect(gateway?.message).toContain("no gateway class edge");
    memory.unknownKinds.add("HTTPRoute");
    const [unknown] = await found(gatewayClass, memory, { settings });
    expect(unknown?.message).toContain("does not know the Gateway API");
  });
});

describe("the network of the cluster", () => {
  it("has its DNS where the values say, else the right place is named", async () => {
    const memory = readyCluster();
    expect(await found(clusterDns, memory)).toEqual([]);
    memory.put({
      ...kinds.service,
      metadata: { name: "kube-dns", namespace: "kube-system" },
      spec: { selector: { "k8s-app": "coredns" } },
    });
    memory.take("Pod", "dns");
    const [finding] = await found(clusterDns, memory);
    expect(finding?.remedy).toBe("set cluster.dns.namespace=kube-system and cluster.dns.selector=k8s-app=coredns");
  });

  it("has its API server inside of what jobs may reach", async () => {
    const memory = readyCluster();
    memory.put({
      ...kinds.endpointSlice,
      metadata: { name: "kubernetes", namespace: "default", labels: { "kubernetes.io/service-name": "kubernetes" } },
      endpoints: [{ addresses: ["10.1.2.3"] }],
      ports: [{ port: 8443 }],
    });
    const [finding] = await found(apiServerAllowed, memory);
    expect(finding?.message).toBe("the API server listens on port 8443, and cluster.apiServer.ports allows 443, 6443");
  });
});
