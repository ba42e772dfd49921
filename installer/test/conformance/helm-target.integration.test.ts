import imageTable from "../../../images/images.generated.json" with { type: "json" };
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll } from "vitest";
import { openAssets } from "../../src/cli/assets.ts";
import { createPlatformPorts } from "../../src/platform/create-ports.ts";
import { createCluster } from "../../src/platform/kubernetes-cluster.ts";
import { createHelmTarget } from "../../src/targets/helm/helm-target.ts";
import { type Cluster, clusterObstacle, sharedCluster } from "../support/cluster.ts";
import { fixtureImage } from "../support/fixture-plan.ts";
import { fixturePorts } from "../support/fixture-install.ts";
import { describeUnless } from "../support/unless.ts";
import { type ConformanceWorld, describeTarget } from "./target-conformance.ts";

// It takes minutes and a quiet machine.
const obstacle = process.env["SLIPWAY_FULL"] === "1" ? await clusterObstacle() : "it runs with ./test --full";

describeUnless(obstacle, "on a real cluster", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await sharedCluster();
    await cluster.load(fixtureImage, imageTable.images.toolbox.reference);
  });

  describeTarget("helm", () => Promise.resolve(openWorld(cluster)));
});

function openWorld(cluster: Cluster): ConformanceWorld {
  const name = `t-${randomBytes(3).toString("hex")}`;
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const path = `${dirname(cluster.programs.helm)}:${process.env["PATH"] ?? ""}`;
  const environment = { KUBECONFIG: cluster.kubeconfig, PATH: path };
  const real = fixturePorts({ env: environment });
  const platform = createPlatformPorts({ ...process.env, ...environment });
  const api = createCluster({}, { ...process.env, ...environment });
  const target = createHelmTarget({
    ...platform,
    cluster: api,
    place: { namespace: name },
    environment: { ...process.env, ...environment },
  });
  const kubectl = (...args: readonly string[]): Promise<string> => cluster.kubectl("--namespace", name, ...args);
  const run = async (pod: object): Promise<void> => {
    await cluster.apply(pod);
    await kubectl("wait", "pod/tool", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s");
    await kubectl("delete", "pod", "tool", "--now");
  };
  return {
    ports: { ...real, assets: openAssets(), target },
    place: Object.assign({ name, stateDir: join(folder, "state") }, { onCluster: true }),
    behave: () => undefined,
    loseService: async (component) => {
      await kubectl("delete", "deployment,statefulset", `--selector=app.kubernetes.io/name=${component}`, "--wait");
    },
    emptyStore: (store) => run(emptying(name, store)),
    readNotices: async (component, at) => {
      const wanted = await noticesOf(cluster, name, component);
      for (let tries = 0; ; tries += 1) {
        const script =
          'cd "$0"; for name in *; do [ ! -e "$name" ] || printf "%s=%s" "$name" "$(cat "$name"; echo .)"; done';
        const pod = `deployment/${name}-${component}`;
        const said = await kubectl("exec", pod, "--", "/bin/sh", "-c", script, at);
        const read = Object.fromEntries(
          [...said.matchAll(/(\w+)=([^.]*)\./g)].map(([, key = "", text = ""]): [string, string] => [key, text]),
        );
        if (JSON.stringify(read) === JSON.stringify(wanted) || tries > 60) return read;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    },
    addStranger: async () => {
      await cluster.apply({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "stranger", namespace: name, labels: { "app.kubernetes.io/instance": name } },
        spec: { terminationGracePeriodSeconds: 0, containers: [restricted({ command: ["/bin/sleep", "infinity"] })] },
      });
      return "stranger";
    },
    dispose: async () => {
      api.close();
      await cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--timeout=120s");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A pod that takes the data out of a store. */
function emptying(namespace: string, store: string): object {
  const [component = "", volume = ""] = store.split("/");
  const command = ["/bin/rm", `/store/${volume}/initialised`];
  const claimName = `${volume}-${namespace}-${component}-0`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "tool", namespace },
    spec: {
      restartPolicy: "Never",
      containers: [{ ...restricted({ command }), volumeMounts: [{ name: "store", mountPath: "/store" }] }],
      volumes: [{ name: "store", persistentVolumeClaim: { claimName } }],
    },
  };
}

/** A container as the namespace admits it, of the user that the fixture's store has. */
function restricted(fields: object): object {
  return {
    name: "tool",
    image: fixtureImage,
    imagePullPolicy: "Never",
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 20001,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
    ...fields,
  };
}

/** What a component's notices are to be, as the cluster has them. */
async function noticesOf(
  cluster: Cluster,
  namespace: string,
  component: string,
): Promise<Readonly<Record<string, string>>> {
  const found = await cluster.get<{ readonly items: readonly { readonly data?: Readonly<Record<string, string>> }[] }>(
    ...["configmap", "--namespace", namespace, `--field-selector=metadata.name=${namespace}-notices-${component}`],
  );
  return found.items[0]?.data ?? {};
}
