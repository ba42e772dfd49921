import { expect, it } from "vitest";
import { fakeContext } from "../../../test/support/fake-check-context.ts";
import { createMemoryCluster } from "../../../test/support/memory-cluster.ts";
import { createStillClock } from "../../../test/support/memory-ports.ts";
import type { WantedUnit } from "../../execute/wanted.ts";
import { kinds } from "./kinds.ts";
import type { PodObject, WorkloadObject } from "./objects.ts";
import { awaitRollout } from "./rollout.ts";

const place = { namespace: "hub" };
const { plan } = fakeContext();

function store(readyReplicas: number): WorkloadObject {
  return {
    ...kinds.statefulSet,
    metadata: { name: "slipway-postgres", ...place, generation: 2, annotations: { "slipway.dev/spec-hash": "new" } },
    spec: { replicas: 1, template: { spec: { containers: [] } } },
    status: { observedGeneration: 2, updateRevision: "b", replicas: 1, updatedReplicas: readyReplicas, readyReplicas },
  };
}

function podOf(revision: string, ready: "True" | "False"): PodObject {
  return {
    ...kinds.pod,
    metadata: { name: `slipway-postgres-${revision}`, ...place, labels: { "controller-revision-hash": revision } },
    spec: { containers: [] },
    status: { conditions: [{ type: "Ready", status: ready }] },
  };
}

/** Waits for a store that has these pods, and serves as wanted at the second look. */
async function rollOut(pods: readonly PodObject[]): Promise<readonly string[]> {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });
  for (const pod of pods) memory.put(pod);
  let looks = 0;
  await awaitRollout(new Map([["postgres", { specHash: "new" } as WantedUnit]]), {
    ...{ cluster: memory.cluster, place, plan, clock: createStillClock(), signal: new AbortController().signal },
    objects: {
      workload: () => store(looks > 0 ? 1 : 0),
      pods: () => pods,
      job: () => undefined,
      entry: () => undefined,
      changed: () => {
        looks += 1;
        return Promise.resolve();
      },
    },
    redact: (line) => line,
    markers: new Map(),
    doneAs: () => "",
    show: () => undefined,
    onServing: () => Promise.resolve(),
    onDone: () => Promise.resolve(),
  });
  return memory.calls.filter((call) => call.startsWith("remove"));
}

it("takes a pod away that an earlier definition left without ever serving, for a StatefulSet waits for it", async () => {
  expect(await rollOut([podOf("a", "False")])).toEqual(["remove Pod/slipway-postgres-a"]);
});

it("leaves pods that serve, and those of the new definition that begin", async () => {
  expect(await rollOut([podOf("a", "True"), podOf("b", "False")])).toEqual([]);
});
