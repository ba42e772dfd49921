import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Cluster } from "../support/cluster.ts";
import { clusterObstacle, sharedCluster, withNamespace } from "../support/cluster.ts";
import { issueCertificate } from "../support/issue-certificate.ts";
import { restrictedPod } from "../support/restricted-pod.ts";
import { describeUnless } from "../support/unless.ts";
import { createTestRegistry } from "../stand-ins/registry/create-test-registry.ts";
import type { TestRegistry } from "../stand-ins/registry/create-test-registry.ts";
import { seedImage, syntheticImage } from "../stand-ins/registry/synthetic-image.ts";

const obstacle = await clusterObstacle();
const login = { username: "puller", password: "of a cluster" };

describeUnless(obstacle, "images of a real cluster", () => {
  let cluster: Cluster;
  let registry: TestRegistry;
  let folder: string;
  beforeAll(async () => {
    cluster = await sharedCluster();
    folder = await mkdtemp(join(tmpdir(), "slipway-cluster-registry-"));
    const authority = await issueCertificate({ commonName: "registry authority", authority: true });
    const server = await issueCertificate({
      commonName: "registry",
      names: [cluster.hostAddress],
      issuer: authority,
      uses: ["1.3.6.1.5.5.7.3.1"],
    });
    await writeFile(join(folder, "ca.crt"), authority.pem);
    registry = await createTestRegistry({
      address: cluster.hostAddress,
      tls: { key: server.key, cert: server.pem },
      auth: { kind: "basic", users: { [login.username]: login.password } },
    });
    await cluster.registry(registry.host, { authority: join(folder, "ca.crt") });
  });
  afterAll(async () => {
    await registry.close();
    await rm(folder, { recursive: true });
  });

  it("come by digest from a private registry with a certificate of its own, with the pod's pull secret", () =>
    withNamespace(cluster, async (namespace) => {
      const image = syntheticImage(namespace, [layerOfBusybox(cluster)]);
      seedImage(registry.store, "private/busybox", image);
      await cluster.apply(pullSecret(namespace, registry.host), {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { namespace, name: "pulled" },
        spec: restrictedPod(
          "exec sleep 1000",
          { imagePullSecrets: [{ name: "registry" }] },
          `${registry.host}/private/busybox@${image.root.digest}`,
        ),
      });

      await cluster.kubectl("wait", "--namespace", namespace, "--for=condition=Ready", "pod/pulled", "--timeout=90s");

      expect(registry.requests("GET", new RegExp(image.root.digest))).not.toHaveLength(0);
    }));
});

function pullSecret(namespace: string, host: string): unknown {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace, name: "registry" },
    type: "kubernetes.io/dockerconfigjson",
    stringData: { ".dockerconfigjson": JSON.stringify({ auths: { [host]: login } }) },
  };
}

/** Of the image that every cluster has, as `docker save` wrote it. */
function layerOfBusybox(cluster: Cluster): Buffer {
  const archive = join(dirname(dirname(cluster.programs.kubectl)), "images/busybox.tar");
  const read = (path: string): Buffer => execFileSync("tar", ["-xOf", archive, path], { maxBuffer: 2 ** 26 });
  const [manifest] = JSON.parse(read("manifest.json").toString()) as readonly { readonly Layers: readonly string[] }[];
  return read(manifest?.Layers[0] ?? "");
}
