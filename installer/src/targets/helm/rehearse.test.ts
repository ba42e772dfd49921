import { expect, it } from "vitest";
import { fakeContext } from "../../../test/support/fake-check-context.ts";
import { ClusterRefusal, createMemoryCluster, type MemoryCluster } from "../../../test/support/memory-cluster.ts";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import type { KubeObject } from "../../platform/cluster-ports.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { rehearseRelease } from "./rehearse.ts";

const place = { namespace: "hub" };

const release = `
apiVersion: v1
kind: Service
metadata: { name: slipway-web }
spec: { ports: [{ port: 80 }] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: slipway-web, labels: { app.kubernetes.io/name: web } }
spec:
  replicas: 1
  template:
    metadata: { labels: { app.kubernetes.io/name: web } }
    spec: { serviceAccountName: slipway-web, containers: [{ name: web, image: web }] }
  volumeClaimTemplates: [{ metadata: { name: data } }]
`;

/** Helm makes this release of whatever it is given. */
function portsFor(memory: MemoryCluster, made: string): HelmPorts {
  const exec = { run: () => Promise.resolve({ exitCode: 0, stdout: made, stderr: "" }) };
  const ports: Partial<HelmPorts> = {
    place,
    cluster: memory.cluster,
    exec,
    environment: {},
    fs: createMemoryFileSystem(),
  };
  return ports as HelmPorts;
}

function rehearse(memory: MemoryCluster, made = release) {
  const { plan } = fakeContext();
  const rendering = { files: [], units: [], stores: [] };
  return rehearseRelease({ name: "slipway", identity: undefined }, { plan, rendering }, portsFor(memory, made));
}

it("changes nothing and finds nothing where all would be taken", async () => {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });
  const before = memory.all().length;

  expect(await rehearse(memory)).toEqual({ refused: [] });
  expect(memory.all()).toHaveLength(before);
  expect(memory.calls).toEqual(
    expect.arrayContaining([
      "apply StatefulSet/slipway-web",
      "create Pod/slipway-web-rehearsal",
      "create PersistentVolumeClaim/data-slipway-postgres-0",
    ]),
  );
});

it("tries objects as helm sends them: numbers such as 0400 are octal", async () => {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });
  const tried: KubeObject[] = [];
  const cluster: MemoryCluster["cluster"] = {
    ...memory.cluster,
    apply: (object, options) => {
      tried.push(object);
      return memory.cluster.apply(object, options);
    },
  };
  const volume = "volumes: [{ name: files, configMap: { name: files, defaultMode: 0444 } }], containers:";

  await rehearse({ ...memory, cluster }, release.replace("containers:", volume));

  expect(JSON.stringify(tried)).toContain('"defaultMode":292');
});

it("lists what policies refuse, of pods too, in the cluster's words", async () => {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });
  memory.refuse = (verb, { kind }) => {
    if (verb === "apply" && kind === "Service") throw new ClusterRefusal(403, "Forbidden", "no Service here");
    if (verb === "create" && kind === "Pod") throw new ClusterRefusal(403, "Forbidden", "violates PodSecurity");
  };

  const { refused } = await rehearse(memory);

  expect(refused.map(({ message }) => message)).toEqual(["no Service here", "violates PodSecurity"]);
});

it("tries a claim that grows, and not the StatefulSet that is made anew for it", async () => {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });
  const labels = { "app.kubernetes.io/instance": "slipway" };
  const annotations = { "meta.helm.sh/release-name": "slipway" };
  const spec = { resources: { requests: { storage: "1Gi" } } };
  memory.put({ ...kinds.claim, metadata: { name: "data-slipway-postgres-0", ...place, labels }, spec });
  memory.put({
    ...kinds.statefulSet,
    metadata: { name: "slipway-postgres", ...place, labels, annotations },
    spec: { volumeClaimTemplates: [{ metadata: { name: "data" }, spec }] },
  });

  expect(await rehearse(memory, release.replaceAll("slipway-web", "slipway-postgres"))).toEqual({ refused: [] });
  expect(memory.calls).toContain("merge PersistentVolumeClaim/data-slipway-postgres-0");
  expect(memory.calls).not.toContain("apply StatefulSet/slipway-postgres");
  expect(memory.find("PersistentVolumeClaim", "data-slipway-postgres-0")?.["spec"]).toEqual(spec);
});

it("leaves a quota to the check that adds up", async () => {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });
  memory.refuse = (_verb, { kind }) => {
    if (kind === "Pod") throw new ClusterRefusal(403, "Forbidden", "pods is forbidden: exceeded quota: team");
  };

  expect(await rehearse(memory)).toEqual({ refused: [] });
});

it("names an object of the same name that another made", async () => {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });
  const annotations = { "meta.helm.sh/release-name": "other" };
  memory.put({ ...kinds.service, metadata: { name: "slipway-web", ...place, annotations } });

  const { refused } = await rehearse(memory);

  expect(refused).toEqual([
    {
      message: "the Service slipway-web is in the namespace hub already, and the release other made it",
      hint: "remove it, or give another --name than slipway or another cluster.namespace",
    },
  ]);
});

it("tries the namespace alone where it is not there yet, and says so", async () => {
  const memory = createMemoryCluster();

  const { refused, untried } = await rehearse(memory);

  expect(refused).toEqual([]);
  expect(untried).toContain("the namespace hub is not there yet");
  expect(memory.calls.filter((call) => /^(apply|create)/.test(call))).toEqual(["apply Namespace/hub"]);
});
