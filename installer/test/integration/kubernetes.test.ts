import { existsSync } from "node:fs";
import { beforeAll, expect, it } from "vitest";
import { runChild } from "../support/child.ts";
import type { Cluster } from "../support/cluster.ts";
import { clusterObstacle, sharedCluster, withCluster, withNamespace } from "../support/cluster.ts";
import { busybox, restrictedPod } from "../support/restricted-pod.ts";
import { describeUnless } from "../support/unless.ts";

const obstacle = await clusterObstacle();

describeUnless(obstacle, "a real cluster", () => {
  let cluster: Cluster;
  let before: unknown;
  beforeAll(async () => {
    before = await machineState();
    cluster = await sharedCluster();
  });

  it("runs a pod on a claim, finds it by its service's name from a job", () =>
    withNamespace(cluster, async (namespace) => {
      const labels = { app: "server" };
      await cluster.apply(
        {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          metadata: { namespace, name: "data" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Mi" } } },
        },
        {
          apiVersion: "v1",
          kind: "Pod",
          metadata: { namespace, name: "server", labels },
          spec: restrictedPod("echo from the claim >/data/index.html; exec httpd -f -p 8080 -h /data", {
            volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
          }),
        },
        {
          apiVersion: "v1",
          kind: "Service",
          metadata: { namespace, name: "server" },
          spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
        },
        {
          apiVersion: "batch/v1",
          kind: "Job",
          metadata: { namespace, name: "reader" },
          spec: {
            template: {
              spec: restrictedPod("until wget -q -T 2 -O - http://server/ 2>/dev/null; do sleep 0.2; done", {
                restartPolicy: "Never",
              }),
            },
          },
        },
      );

      await cluster.kubectl(
        "wait",
        "--namespace",
        namespace,
        "--for=condition=Complete",
        "job/reader",
        "--timeout=90s",
      );

      expect(await cluster.kubectl("logs", "--namespace", namespace, "job/reader")).toBe("from the claim\n");
    }));

  it("grows a claim whose class allows it", () =>
    withNamespace(cluster, async (namespace) => {
      const claim = (storage: string): unknown => ({
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { namespace, name: "data" },
        spec: { storageClassName: "growing", accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
      });
      const pod = restrictedPod("exec sleep 1000", {
        volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
      });
      await cluster.apply(claim("10Mi"), {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { namespace, name: "user" },
        spec: pod,
      });
      await cluster.kubectl("wait", "--namespace", namespace, "--for=condition=Ready", "pod/user", "--timeout=90s");

      await cluster.apply(claim("20Mi"));

      const grown = "--for=jsonpath={.status.capacity.storage}=20Mi";
      await cluster.kubectl("wait", "--namespace", namespace, grown, "persistentvolumeclaim/data", "--timeout=60s");
    }));

  it("knows users without rights, and turns away one whose certificate is over", async () => {
    const ask = async (kubeconfig: string): Promise<string> => {
      const { stderr } = await runChild(cluster.programs.kubectl, ["--kubeconfig", kubeconfig, "get", "pods"]);
      return stderr;
    };

    expect(await ask(await cluster.user("guest"))).toContain('User "guest" cannot list resource "pods"');
    expect(await ask(await cluster.user("late", { isExpired: true }))).toContain("Unauthorized");
  });

  it("stands beside another, which has kinds of its own and goes on with its data after it was stopped", () =>
    withCluster(async (other) => {
      expect(other.nodeAddress).not.toBe(cluster.nodeAddress);
      await other.kubectl("create", "configmap", "kept", "--from-literal=key=value");
      await other.kubectl("run", "kept", `--image=${busybox}`, "--", "sleep", "1000");
      await other.kubectl("wait", "--for=condition=Ready", "pod/kept", "--timeout=90s");

      await other.defineGatewayApi();

      await other.stop();
      await other.start();

      expect(await other.kubectl("get", "configmap", "kept", "--output=jsonpath={.data.key}")).toBe("value");
      expect(await other.kubectl("get", "crd", "--output=name")).toContain("/gateways.gateway.networking.k8s.io");
      const again = "--for=jsonpath={.status.containerStatuses[0].restartCount}=1";
      await other.kubectl("wait", again, "pod/kept", "--timeout=90s");
    }));

  it("shows the node its own settings and leaves the machine's as they were", async () => {
    expect(await cluster.inside("cat", "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/panic")).toBe("1\n10\n");
    expect(await machineState()).toEqual(before);
  });
});

/** What a kubelet, a container runtime and plugins change where nothing holds them. */
async function machineState(): Promise<unknown> {
  const settings = ["vm.overcommit_memory", "kernel.panic", "kernel.panic_on_oops", "kernel.keys.root_maxkeys"];
  const folders = ["/var/lib/kubelet", "/var/lib/cni", "/var/log/pods", "/var/log/containers"];
  const { stdout } = await runChild("sysctl", settings);
  return { settings: stdout, folders: folders.map((path) => existsSync(path)) };
}
