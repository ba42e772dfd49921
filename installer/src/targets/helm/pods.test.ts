import { describe, expect, it } from "vitest";
import type { ContainerStatus, PodObject, PodStatus, WorkloadObject } from "./objects.ts";
import { isRolledOut, newestFirst, revisionOf, stateOf, troubleOf } from "./pods.ts";

const markers = new Set(["demo-prepare-done"]);

function pod(status: PodStatus, metadata: Partial<PodObject["metadata"]> = {}): PodObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "demo-web-1", ...metadata },
    spec: { containers: [{ name: "web", image: "web:1" }] },
    status,
  };
}

function container(status: Partial<ContainerStatus>): ContainerStatus {
  return { name: "web", ready: false, restartCount: 0, image: "web:1", imageID: "", ...status };
}

function workload(
  status: WorkloadObject["status"],
  replicas = 1,
  metadata: Partial<PodObject["metadata"]> = {},
): WorkloadObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "demo-web", uid: "u1", generation: 2, ...metadata },
    spec: { replicas, template: { spec: { containers: [] } } },
    ...(status === undefined ? {} : { status }),
  };
}

const served = { observedGeneration: 2, replicas: 1, updatedReplicas: 1, readyReplicas: 1 };

describe("how a workload is", () => {
  const running = pod({ containerStatuses: [container({ state: { running: {} } })] });
  const rows: readonly (readonly [string, WorkloadObject, readonly PodObject[], object])[] = [
    ["stopped where it is to have no pods", workload({}, 0), [], { phase: "exited", health: "none" }],
    ["not begun without a pod", workload({}), [], { phase: "created", health: "starting" }],
    [
      "not begun while a step before its container works",
      workload({}),
      [pod({ phase: "Pending" })],
      { phase: "created" },
    ],
    ["starting while its startup probe fails", workload({}), [running], { phase: "running", health: "starting" }],
    [
      "unhealthy when it was ready and is not",
      workload({}),
      [pod({ containerStatuses: [container({ started: true, state: { running: {} } })] })],
      { phase: "running", health: "unhealthy" },
    ],
    [
      "restarting when its container keeps ending, with how it ended",
      workload({}),
      [
        pod({
          containerStatuses: [
            container({
              state: { waiting: { reason: "CrashLoopBackOff" } },
              lastState: { terminated: { exitCode: 7 } },
            }),
          ],
        }),
      ],
      { phase: "restarting", health: "unhealthy", exitCode: 7 },
    ],
    ["healthy with all its pods ready", workload(served), [], { phase: "running", health: "healthy" }],
  ];

  it.each(rows)("%s", (_name, of, pods, expected) => {
    expect(stateOf(of, pods, "web")).toMatchObject(expected);
  });
});

describe("whether a workload is rolled out", () => {
  it("is, when all pods are of the newest definition, ready, and no other is left", () => {
    expect(isRolledOut(workload(served))).toBe(true);
  });

  it.each([
    ["nobody has looked at the newest definition yet", { ...served, observedGeneration: 1 }],
    ["a pod of the older definition is left", { ...served, replicas: 2 }],
    ["the new pod is not ready", { ...served, readyReplicas: 0 }],
    ["nothing is known", undefined],
  ])("is not, when %s", (_name, status) => {
    expect(isRolledOut(workload(status))).toBe(false);
  });
});

describe("a revision", () => {
  it("is another for another definition, and the same for another pod", () => {
    const annotations = (revision: string) => ({ annotations: { "deployment.kubernetes.io/revision": revision } });
    const first = revisionOf(workload(served, 1, annotations("1")));

    expect(revisionOf(workload({}, 1, annotations("1")))).toBe(first);
    expect(revisionOf(workload(served, 1, annotations("2")))).not.toBe(first);
    expect(revisionOf(workload(served, 1, { uid: "u2", ...annotations("1") }))).not.toBe(first);
  });
});

describe("what holds a pod up", () => {
  const waiting = (reason: string, message = ""): PodObject =>
    pod({ containerStatuses: [container({ state: { waiting: { reason, message } } })] });
  const ended = (exitCode: number, restartCount: number, reason?: string): PodObject =>
    pod({
      containerStatuses: [
        container({
          restartCount,
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { exitCode, ...(reason === undefined ? {} : { reason }) } },
        }),
      ],
    });

  it.each([
    ["a registry without the image", waiting("ErrImagePull", "web:1: not found"), "image", /push it to that registry/],
    [
      "a registry that wants a login",
      waiting("ImagePullBackOff", "401 Unauthorized"),
      "image",
      /cluster.imagePullSecrets/,
    ],
    [
      "a registry with an unknown certificate",
      waiting("ErrImagePull", "web@sha256:af4036: x509: unknown authority"),
      "image",
      /trust the registry/,
    ],
    [
      "a registry that is not reached",
      waiting("ErrImagePull", "web@sha256:af4036: dial tcp: i/o timeout"),
      "image",
      /reach the registry/,
    ],
    [
      "a Secret that is gone",
      waiting("CreateContainerConfigError", 'secret "x" not found'),
      "refused",
      /correct the cause/,
    ],
    ["a container that keeps ending", ended(7, 2), "ended", /slipway logs web/],
    ["a container that needs more memory", ended(137, 2, "OOMKilled"), "ended", /raise the memory of web/],
  ])("is told for %s", (_name, of, kind, remedy) => {
    const trouble = troubleOf(of, markers);

    expect(trouble?.kind).toBe(kind);
    expect(trouble?.remedy).toMatch(remedy);
  });

  it.each([
    ["0/3 nodes are available: 3 Insufficient memory.", /lower the resources/],
    ["0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.", /cluster.storageClass/],
    ["0/1 nodes are available: 1 node(s) had untolerated taint {a: b}.", /taint/],
  ])("is told when no node takes it: %s", (message, remedy) => {
    const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message } as const];
    const trouble = troubleOf(pod({ conditions }), markers);

    expect(trouble).toMatchObject({ kind: "place", message: `no node takes its pod: ${message}` });
    expect(trouble?.remedy).toMatch(remedy);
  });

  it("is told when the node threw it out", () => {
    const status = { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." } as const;

    expect(troubleOf(pod(status), markers)?.message).toBe(
      "its pod was ended by the node: Evicted, The node was low on resource: memory.",
    );
  });

  it("is nothing while a step waits for a job by a key that is not there yet", () => {
    const message = "couldn't find key done in ConfigMap ns/demo-prepare-done";

    expect(troubleOf(waiting("CreateContainerConfigError", message), markers)).toBeUndefined();
  });

  it("is nothing after a container has ended once or twice: what it needs may not be there yet", () => {
    expect(troubleOf(ended(1, 1), markers)).toBeUndefined();
  });
});

describe("pods of a component", () => {
  it("are taken newest first, without those on their way out", () => {
    const made = (name: string, creationTimestamp: string, deletionTimestamp?: string): PodObject =>
      pod({}, { name, creationTimestamp, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) });
    const pods = [
      made("old", "2026-01-01T00:00:00Z"),
      made("new", "2026-01-02T00:00:00Z"),
      made("going", "2026-01-03T00:00:00Z", "2026-01-03T00:00:01Z"),
    ];

    expect(newestFirst(pods).map(({ metadata }) => metadata.name)).toEqual(["new", "old"]);
  });
});
