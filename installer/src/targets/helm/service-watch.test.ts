import { expect, it } from "vitest";
import { createMemoryCluster } from "../../../test/support/memory-cluster.ts";
import type { KubeObject } from "../../platform/cluster-ports.ts";
import type { LiveService } from "../live-platform.ts";
import { watchServices } from "./service-watch.ts";

const labels = {
  "app.kubernetes.io/name": "redis",
  "app.kubernetes.io/instance": "demo",
  "app.kubernetes.io/part-of": "slipway",
};

function pod(name: string, more: Partial<KubeObject["metadata"]> = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "demo", labels, ...more },
    spec: { containers: [] },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  };
}

it("a workload does not serve again while its old pod is on its way out, though the workload still counts it", async () => {
  const world = createMemoryCluster({ namespaces: ["demo"] });
  world.put({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "demo-redis", namespace: "demo", labels },
    spec: { replicas: 1 },
    status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
  });
  world.put(pod("demo-redis-0", { deletionTimestamp: "2026-01-01T00:00:00Z" }));
  let lookedAgain = 0;
  const clock = {
    now: () => new Date(0),
    monotonicMs: () => 0,
    sleep: () => {
      lookedAgain += 1;
      if (lookedAgain === 2) {
        world.take("Pod", "demo-redis-0");
        world.put(pod("demo-redis-0"));
      }
      return Promise.resolve();
    },
  };
  const watch = await watchServices(
    "demo",
    { cluster: world.cluster, clock, place: { namespace: "demo" } },
    new AbortController().signal,
  );

  await watch.serving({ component: "redis" } as LiveService, 60);
  watch.close();

  expect(lookedAgain).toBe(2);
});
