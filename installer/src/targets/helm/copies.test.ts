import { expect, it } from "vitest";
import { createMemoryCluster } from "../../../test/support/memory-cluster.ts";
import { copiesOf } from "./copies.ts";
import { kinds } from "./kinds.ts";
import { ownLabels } from "./labels.ts";

const place = { namespace: "hub" };

it("tells every pod of a workload, how often it was started again, and how it ended last", async () => {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });
  const labels = ownLabels("slipway", "app");
  const container = { name: "app", image: "app:1" };
  memory.put({
    ...kinds.deployment,
    metadata: { name: "slipway-app", labels, ...place },
    spec: { template: { spec: { containers: [container] } } },
  });
  const pod = (name: string, component: string, status: object) =>
    memory.put({
      ...kinds.pod,
      metadata: {
        ...{ name, labels: ownLabels("slipway", component), ...place },
        ownerReferences: [{ kind: "ReplicaSet", name: "slipway-app-1", uid: "of-the-cluster" }],
      },
      spec: { containers: [container] },
      status: { containerStatuses: [{ name: "app", image: "app:1", imageID: "docker.io/app@sha256:00", ...status }] },
    });
  const ended = { exitCode: 137, reason: "OOMKilled", finishedAt: "2026-11-30T10:00:00Z" };
  pod("app-1", "app", {
    ...{ ready: false, started: false, restartCount: 4, lastState: { terminated: ended } },
    state: { waiting: { reason: "CrashLoopBackOff" } },
  });
  pod("app-0", "app", { ready: true, restartCount: 0, state: { running: { startedAt: "2026-11-30T09:00:00Z" } } });
  pod("stranger", "web", { ready: true, restartCount: 0 });

  const id = expect.any(String) as string;
  expect(await copiesOf({ name: "slipway" }, { cluster: memory.cluster, place })).toEqual([
    {
      ...{ component: "app", name: "app-0", id, phase: "running", health: "healthy", restarts: 0 },
      ...{ image: "app:1", imageId: "docker.io/app@sha256:00", digest: "docker.io/app@sha256:00" },
      startedAt: "2026-11-30T09:00:00Z",
    },
    {
      ...{ component: "app", name: "app-1", id, phase: "restarting", health: "none", restarts: 4 },
      ...{ image: "app:1", imageId: "docker.io/app@sha256:00", digest: "docker.io/app@sha256:00" },
      ended: { exitCode: 137, reason: "OOMKilled", at: "2026-11-30T10:00:00Z" },
    },
  ]);
});
