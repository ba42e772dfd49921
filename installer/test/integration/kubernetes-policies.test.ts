import { beforeAll, expect, it } from "vitest";
import type { Cluster } from "../support/cluster.ts";
import { clusterObstacle, sharedCluster, withNamespace } from "../support/cluster.ts";
import { restrictedPod } from "../support/restricted-pod.ts";
import { describeUnless } from "../support/unless.ts";

const obstacle = await clusterObstacle();

describeUnless(obstacle, "network policies of a real cluster", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await sharedCluster();
  });

  it("let through what they name and nothing else", () =>
    withNamespace(cluster, async (namespace) => {
      await cluster.apply(
        pod(namespace, "server", "echo served >/data/index.html; exec httpd -f -p 8080 -h /data"),
        pod(namespace, "friend", "exec sleep 1000"),
        pod(namespace, "stranger", "exec sleep 1000"),
      );
      await cluster.kubectl("wait", "--namespace", namespace, "--for=condition=Ready", "pod", "--all", "--timeout=90s");
      const address = await cluster.kubectl("get", "pod", "server", "-n", namespace, "-o=jsonpath={.status.podIP}");
      const reaches = (name: string): Promise<boolean> =>
        cluster.kubectl("exec", "-n", namespace, name, "--", "wget", "-qO-", "-T", "2", `http://${address}:8080/`).then(
          () => true,
          () => false,
        );
      expect([await reaches("friend"), await reaches("stranger")]).toEqual([true, true]);

      await cluster.apply(
        policy(namespace, "nothing", {}, { policyTypes: ["Ingress", "Egress"] }),
        policy(namespace, "to-server", { app: "friend" }, { egress: [{ to: [{ podSelector: labelled("server") }] }] }),
        policy(
          namespace,
          "from-friend",
          { app: "server" },
          { ingress: [{ from: [{ podSelector: labelled("friend") }] }] },
        ),
      );

      await expect.poll(() => reaches("stranger"), { timeout: 30_000 }).toBe(false);
      await expect.poll(() => reaches("friend"), { timeout: 30_000 }).toBe(true);
    }));
});

function labelled(app: string): unknown {
  return { matchLabels: { app } };
}

function pod(namespace: string, name: string, command: string): unknown {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, labels: { app: name } },
    spec: restrictedPod(command),
  };
}

function policy(
  namespace: string,
  name: string,
  matchLabels: unknown,
  rules: Readonly<Record<string, unknown>>,
): unknown {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { namespace, name },
    spec: { podSelector: { matchLabels }, ...rules },
  };
}
