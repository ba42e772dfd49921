import { describe, expect, it } from "vitest";
import { capacity } from "./capacity.ts";
import { limitRanges } from "./limit-ranges.ts";
import { quotas } from "./quota.ts";
import { found, node, place, readyCluster, workload } from "./testing/cluster-world.ts";

describe("quotas", () => {
  it("that are too small name what is short, and what is in use already counts once", async () => {
    const memory = readyCluster();
    memory.put({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "team", ...place },
      spec: { hard: { "requests.cpu": "250m", "limits.memory": "8Gi" } },
      status: { used: { "requests.cpu": "100m", "limits.memory": "1Gi" } },
    });
    const release = [workload("web", { replicas: 2 })];

    const findings = await found(quotas, memory, { release });

    expect(findings).toHaveLength(1);
    expect(findings[0]?.message).toBe("the quota team has 0.15 of requests.cpu left, and the platform needs 0.2");
    expect(findings[0]?.remedy).toContain("cluster.cpuRequestPercent (now 10)");

    memory.put({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web-1", ...place, labels: { "app.kubernetes.io/instance": "slipway" } },
      spec: { containers: [{ name: "web", image: "web", resources: { requests: { cpu: "100m" } } }] },
      status: { phase: "Running" },
    });
    expect(await found(quotas, memory, { release })).toEqual([]);
  });

  it("count no job that has completed, whose pod is over", async () => {
    const memory = readyCluster();
    memory.put({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "team", ...place },
      spec: { hard: { pods: "1" } },
      status: { used: { pods: "0" } },
    });
    const job = { ...workload("seed", { replicas: 1 }), apiVersion: "batch/v1", kind: "Job" };
    const release = [workload("web", { replicas: 1 }), job];
    expect((await found(quotas, memory, { release }))[0]?.message).toContain("needs 2");

    memory.put({
      ...job,
      metadata: { ...job.metadata, ...place, labels: { "app.kubernetes.io/instance": "slipway" } },
      status: { conditions: [{ type: "Complete", status: "True" }] },
    });

    expect(await found(quotas, memory, { release })).toEqual([]);
  });

  it("count the least number of pods where an autoscaler decides", async () => {
    const memory = readyCluster();
    memory.put({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "team", ...place },
      spec: { hard: { "requests.cpu": "250m" } },
      status: { used: { "requests.cpu": "0" } },
    });
    const web = workload("web");
    const counted = { ...web, spec: { ...(web["spec"] as object), replicas: undefined } };
    const autoscaler = {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: web.metadata,
      spec: { minReplicas: 3, maxReplicas: 9, scaleTargetRef: { kind: web.kind, name: web.metadata.name } },
    };

    const [finding] = await found(quotas, memory, { release: [counted, autoscaler] });

    expect(finding?.message).toBe("the quota team has 0.25 of requests.cpu left, and the platform needs 0.3");
  });

  it("for some pods only are none of ours", async () => {
    const memory = readyCluster();
    memory.put({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "jobs", ...place },
      spec: { hard: { pods: "0" }, scopes: ["BestEffort"] },
    });

    expect(await found(quotas, memory)).toEqual([]);
  });
});

describe("limit ranges", () => {
  it("that forbid a container say which limit, and how to keep to it", async () => {
    const memory = readyCluster();
    memory.put({
      apiVersion: "v1",
      kind: "LimitRange",
      metadata: { name: "sizes", ...place },
      spec: { limits: [{ type: "Container", max: { memory: "512Mi" }, maxLimitRequestRatio: { cpu: "4" } }] },
    });

    const findings = await found(limitRanges, memory);

    expect(findings.map(({ message }) => message)).toEqual([
      "its container may use 1 GiB of memory, and the LimitRange sizes allows 512Mi",
      "its container may use 10 times the cpu that it asks for, and the LimitRange sizes allows 4 times",
    ]);
    expect(findings[1]?.remedy).toContain("set cluster.cpuRequestPercent to 25 or more");
  });
});

describe("capacity", () => {
  it("is enough on a roomy node", async () => {
    expect(await found(capacity, readyCluster())).toEqual([]);
  });

  it("fails for a pod that fits on no node, and names what is too much", async () => {
    const memory = readyCluster();
    memory.put(node("one", { memory: "512Mi" }));

    expect(await found(capacity, memory)).toEqual([
      {
        component: "web",
        message: "its pod fits on no node: it asks for 1 GiB of memory (the largest node has 512 MiB)",
        remedy: "lower its resources in the values, or add a larger node",
      },
    ]);
  });

  it("warns when what is free does not do for all pods together", async () => {
    const memory = readyCluster();
    memory.put(node("one", { memory: "3Gi" }));
    memory.put({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "other", namespace: "default" },
      spec: { nodeName: "one", containers: [{ name: "a", image: "a", resources: { requests: { memory: "2Gi" } } }] },
    });

    const [finding] = await found(capacity, memory, { release: [workload("web", { replicas: 2 })] });

    expect(finding).toMatchObject({ severity: "warning" });
    expect(finding?.message).toBe("the platform's pods ask for 2 GiB of memory and 1 GiB are free");
  });

  it("leaves out nodes that take no pods", async () => {
    const memory = readyCluster();
    memory.put(node("one", {}, { taints: [{ key: "gpu", effect: "NoSchedule" }] }));

    const [finding] = await found(capacity, memory);
    expect(finding?.message).toBe("none of the cluster's 1 nodes takes pods");
  });
});
