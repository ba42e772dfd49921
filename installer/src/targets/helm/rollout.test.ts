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

/** Waits for a store that has these pods, and serves as wanted after so many looks, half an hour apart. */
async function rollOut(pods: readonly PodObject[], looksNeeded = 1): Promise<readonly string[]> {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });
  for (const pod of pods) memory.put(pod);
  let looks = 0;
  const still = createStillClock();
  const clock = { ...still, monotonicMs: () => still.monotonicMs() + looks * 1_800_000 };
  await awaitRollout(new Map([["postgres", { specHash: "new" } as WantedUnit]]), {
    ...{ cluster: memory.cluster, place, plan, clock, signal: new AbortController().signal },
    objects: {
      workload: () => store(looks >= looksNeeded ? 1 : 0),
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

it("gives a job that runs in the pod before the service as long as the job may take", async () => {
  const { jobs } = plan;
  const inPod = jobs.find(({ id }) => id === "postgres-initialise");
  const pod = podOf("b", "False");
  const working = (name: string): PodObject => ({
    ...pod,
    status: {
      initContainerStatuses: [
        { name, ready: false, restartCount: 0, image: "", imageID: "", state: { running: { startedAt: "" } } },
      ],
    },
  });
  const limitHours = (inPod?.deadlineSeconds ?? 0) / 3600;

  expect(limitHours).toBeLessThan(0.5);
  await expect(rollOut([working("postgres-initialise")], 4)).rejects.toThrow(
    `the job postgres-initialise (${inPod?.title ?? ""}) did not end within`,
  );
  await expect(rollOut([pod], 4)).rejects.toThrow("postgres has not begun within 900 s of what it needs");
});
