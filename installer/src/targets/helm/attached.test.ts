import { expect, it } from "vitest";
import { ClusterRefusal, createMemoryCluster } from "../../../test/support/memory-cluster.ts";
import { askPods } from "./attached.ts";
import { kinds } from "./kinds.ts";

const place = { namespace: "hub" };

/** Pods of a gateway: two that run, one that begins, one on its way out. */
function gateway() {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });
  const labels = {
    "app.kubernetes.io/instance": "slipway",
    "app.kubernetes.io/part-of": "slipway",
    "app.kubernetes.io/name": "gateway",
  };
  const put = (name: string, state: object, metadata: object = {}): void => {
    memory.put({
      ...kinds.pod,
      metadata: { name, ...place, labels, ...metadata },
      spec: { containers: [] },
      status: { containerStatuses: [{ name: "gateway", ready: true, restartCount: 0, image: "", imageID: "", state }] },
    });
  };
  put("one", { running: {} });
  put("two", { running: {} });
  put("begins", { waiting: {} });
  put("ends", { running: {} }, { deletionTimestamp: "2026-11-30T10:00:00Z" });
  return memory;
}

it("asks every pod that runs and stays, and says of one that ended meanwhile that it did not answer", async () => {
  const memory = gateway();
  memory.program = (container, _command, { output }) => {
    if (container.includes("/two/")) return Promise.reject(new Error("the pod is gone"));
    output.write("1 2 3\n");
    return Promise.resolve(0);
  };

  const answers = await askPods("slipway", "gateway", ["/bin/date"], { cluster: memory.cluster, place });

  expect(answers.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
    { name: "one", exitCode: 0, lines: ["1 2 3"] },
    { name: "two", exitCode: 127, lines: [] },
  ]);
});

it("tells of a right that is missing, which asking again would not give", async () => {
  const memory = gateway();
  memory.program = () => Promise.reject(new ClusterRefusal(403, "Forbidden", "pods/exec is forbidden"));

  const asked = askPods("slipway", "gateway", ["/bin/date"], { cluster: memory.cluster, place });

  await expect(asked).rejects.toThrow("pods/exec is forbidden");
});
