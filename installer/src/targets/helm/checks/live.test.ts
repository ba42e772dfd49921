import { describe, expect, it } from "vitest";
import { kinds } from "../kinds.ts";
import { liveClusterChecks } from "./live.ts";
import { found, node, place, readyCluster } from "./testing/cluster-world.ts";

const labels = {
  "app.kubernetes.io/instance": "slipway",
  "app.kubernetes.io/part-of": "slipway",
  "app.kubernetes.io/name": "postgres",
};

function check(id: string) {
  const one = liveClusterChecks.find((candidate) => candidate.id === id);
  if (one === undefined) throw new Error(`no check ${id}`);
  return one;
}

function pod(status: object, spec: object = {}) {
  return {
    ...kinds.pod,
    metadata: { name: "slipway-postgres-0", ...place, labels },
    spec: { nodeName: "one", containers: [], ...spec },
    status,
  };
}

describe("a platform in a cluster", () => {
  it("whose container was ended for its memory is told with what to raise", async () => {
    const memory = readyCluster();
    const terminated = { exitCode: 137, reason: "OOMKilled", finishedAt: "2026-11-21T11:30:00Z" };
    const ended = { name: "postgres", restartCount: 3, lastState: { terminated } };
    memory.put(pod({ containerStatuses: [ended] }));

    const [finding] = await found(check("cluster.restarts"), memory);

    expect(finding).toMatchObject({ component: "postgres", remedy: "raise its resources.memory in the values" });
    expect(finding?.message).toContain("3 times, the last time after it used more memory than its limit");
  });

  it("whose claim is not bound is told with the cluster's reason", async () => {
    const memory = readyCluster();
    memory.put({ ...kinds.claim, metadata: { name: "data-0", ...place, labels }, status: { phase: "Pending" } });
    memory.put({
      ...kinds.event,
      metadata: { name: "one", ...place },
      involvedObject: { kind: "PersistentVolumeClaim", name: "data-0" },
      message: "no volume plugin matched",
    });

    const [finding] = await found(check("cluster.claims"), memory);

    expect(finding?.message).toBe("its claim data-0 is Pending: no volume plugin matched");
  });

  it("whose volume is nearly full is told before it is", async () => {
    const memory = readyCluster();
    const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "data-0" } }];
    const containers = [{ name: "postgres", image: "p", volumeMounts: [{ name: "data", mountPath: "/data" }] }];
    memory.put(pod({ conditions: [{ type: "Ready", status: "True" }] }, { volumes, containers }));
    memory.program = (_container, _command, { output }) => {
      output.write("Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda 100 97 3 97% /data\n");
      return Promise.resolve(0);
    };

    expect(await found(check("cluster.claims"), memory)).toEqual([
      expect.objectContaining({ severity: "failure", component: "postgres", message: "its volume data is 97 % full" }),
    ]);
  });

  it("on a node that is not well is told with the node", async () => {
    const memory = readyCluster();
    memory.put(pod({}));
    const ill = node("one", {});
    const conditions = [
      { type: "Ready", status: "True" },
      { type: "DiskPressure", status: "True" },
    ];
    memory.put({ ...ill, status: { conditions } });

    const [finding] = await found(check("cluster.nodes"), memory);

    expect(finding).toMatchObject({ severity: "warning", message: "the node one has DiskPressure" });
  });
});
