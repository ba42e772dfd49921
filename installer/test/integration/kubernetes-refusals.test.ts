/** What a real API server has to say against an install: found before anything is written, and told with what to do. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { ChildResult } from "../support/child.ts";
import { type Cluster, clusterObstacle, sharedCluster } from "../support/cluster.ts";
import { type CommandLine, createCommandLine } from "../support/command-line.ts";
import { findFreePorts } from "../support/free-ports.ts";
import { newName } from "../support/platform.ts";
import { describeUnless } from "../support/unless.ts";

const obstacle = await clusterObstacle();
/** The fewest components that have a volume, a job and a route. */
const ground = ["--profile", "infra", ...["casdoor", "gitlab-shell"].flatMap((id) => ["--without", id])];
const place = ["domain=platform.test", "cluster.imageVolumes=never", "cluster.exposure.kind=clusterIP"];

describeUnless(obstacle, "a cluster on which an install cannot be", () => {
  let cluster: Cluster;
  let folder: string;
  let commands: CommandLine;
  let namespace: string;
  const undo: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    cluster = await sharedCluster();
  });

  beforeEach(async () => {
    namespace = newName();
    folder = await mkdtemp(join(tmpdir(), `${namespace}-`));
    commands = commandLine(cluster.kubeconfig);
    undo.push(
      () => rm(folder, { recursive: true, force: true }),
      () => cluster.kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false"),
      () => commands.kill(),
    );
  });

  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });

  function commandLine(kubeconfig: string): CommandLine {
    const environment = {
      ...process.env,
      KUBECONFIG: kubeconfig,
      PATH: [dirname(cluster.programs.helm), process.env["PATH"] ?? ""].join(delimiter),
    };
    const values = [...ground, ...place.flatMap((entry) => ["--set", entry])];
    return createCommandLine({ name: namespace, folder, stateDir: join(folder, "state"), values, environment });
  }

  function install(...set: readonly string[]): Promise<ChildResult> {
    return commands.run(["install", "--mode", "helm", ...set.flatMap((entry) => ["--set", entry])]);
  }

  /** Kinds that an install writes, with the names of what there is. */
  async function written(): Promise<readonly string[]> {
    const names = await cluster.kubectl(
      ...["get", "secrets,configmaps,services,deployments,statefulsets,jobs,pods,persistentvolumeclaims,leases"],
      ...["--namespace", namespace, "--output", "name"],
    );
    return names.split("\n").filter((name) => name !== "" && name !== "configmap/kube-root-ca.crt");
  }

  async function kubeconfigWith(change: (text: string) => string): Promise<string> {
    const file = join(folder, "kubeconfig");
    await writeFile(file, change(await readFile(cluster.kubeconfig, "utf8")), { mode: 0o600 });
    return file;
  }

  async function expectRefused(result: ChildResult, ...parts: readonly (string | RegExp)[]): Promise<void> {
    for (const part of parts) expect(result.stderr).toMatch(part);
    expect(result.stderr).toMatch(/hint:|remedy|→/);
    expect(result.exitCode).toBe(4);
    expect(await written()).toEqual([]);
  }

  it("refuses without a kubeconfig, and says how one is named", async () => {
    commands = commandLine(join(folder, "nothing-here"));

    await expectRefused(await install(), /kubeconfig/i, "nothing-here");
  });

  it("refuses when nobody listens there, and names the address", async () => {
    const { https: port } = await findFreePorts();
    commands = commandLine(
      await kubeconfigWith((text) => text.replace(/https:\/\/[^"'\s]+/, `https://127.0.0.1:${port}`)),
    );

    await expectRefused(await install(), `127.0.0.1:${port}`);
  });

  it("refuses a certificate that is over", async () => {
    commands = commandLine(await cluster.user(`late-${namespace}`, { isExpired: true }));

    await expectRefused(await install(), /expired|is over|no longer valid/i);
  });

  it("refuses a context that the kubeconfig has not, and names those that it has", async () => {
    const contexts = await cluster.kubectl("config", "get-contexts", "--output=name");

    await expectRefused(await install("cluster.context=nowhere"), "nowhere", contexts.trim());
  });

  it("names each right that a user lacks, before anything is made", async () => {
    const user = `guest-${namespace}`;
    await cluster.kubectl("create", "namespace", namespace);
    await cluster.apply(
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "Role",
        metadata: { name: "most", namespace },
        rules: [
          { apiGroups: [""], resources: ["*"], verbs: ["*"] },
          { apiGroups: ["apps"], resources: ["deployments"], verbs: ["*"] },
        ],
      },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { name: "most", namespace },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "most" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
      },
    );
    commands = commandLine(await cluster.user(user));

    const result = await install();

    await expectRefused(result, /statefulsets \(apps\)/, /networkpolicies \(networking\.k8s\.io\)/, /apiGroups/);
    expect(result.stderr).not.toContain("deployments (apps)");
  });

  it("refuses a user who may do nothing, and who may not make the namespace either", async () => {
    commands = commandLine(await cluster.user(`nobody-${namespace}`));

    await expectRefused(await install(), namespace, /may not/);
  });

  it("refuses a release of somebody else with the same name", async () => {
    await cluster.kubectl("create", "namespace", namespace);
    await cluster.apply({
      apiVersion: "v1",
      kind: "Secret",
      type: "helm.sh/release.v1",
      metadata: {
        name: `sh.helm.release.v1.${namespace}.v1`,
        namespace,
        labels: { owner: "helm", name: namespace, status: "deployed", version: "1" },
      },
    });

    const result = await install();

    expect(result.stderr).toMatch(/no install of ours made it/);
    expect(result.exitCode).toBe(4);
    expect(await written()).toEqual([`secret/sh.helm.release.v1.${namespace}.v1`]);
  });

  it("refuses a storage class that is not there, and names those that are", async () => {
    await expectRefused(await install("cluster.storageClass=fast"), "no storage class fast", /growing/);
  });

  it("refuses where no class is the default one", async () => {
    const annotation = "storageclass.kubernetes.io/is-default-class";
    await cluster.kubectl("annotate", "storageclass", "standard", "--overwrite", `${annotation}=false`);
    undo.push(() => cluster.kubectl("annotate", "storageclass", "standard", "--overwrite", `${annotation}=true`));

    await expectRefused(await install(), "no default storage class", "cluster.storageClass");
  });

  it("refuses a class that makes no volumes where none is free", async () => {
    const name = `by-hand-${namespace}`;
    await cluster.apply({
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name },
      provisioner: "kubernetes.io/no-provisioner",
      volumeBindingMode: "WaitForFirstConsumer",
    });
    undo.push(() => cluster.kubectl("delete", "storageclass", name));

    await expectRefused(await install(`cluster.storageClass=${name}`), "makes no volumes", /postgres/);
  });

  it("refuses a quota that is too small, and says by how much", async () => {
    await cluster.kubectl("create", "namespace", namespace);
    await cluster.apply({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "team", namespace },
      spec: { hard: { "requests.memory": "512Mi", persistentvolumeclaims: "1" } },
    });

    await expectRefused(await install(), /quota team/, /requests\.memory/, /persistentvolumeclaims/, /raise/);
  });

  it("shows in the plan what a policy of the cluster refuses, with the policy's own words", async () => {
    await cluster.kubectl("create", "namespace", namespace);
    const name = `no-stores-${namespace}`;
    await cluster.apply(
      {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicy",
        metadata: { name },
        spec: {
          matchConstraints: {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
            resourceRules: [
              { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["statefulsets"] },
            ],
          },
          validations: [{ expression: "false", message: "stores run outside of this cluster" }],
        },
      },
      {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicyBinding",
        metadata: { name },
        spec: { policyName: name, validationActions: ["Deny"] },
      },
    );
    undo.push(
      () => cluster.kubectl("delete", "validatingadmissionpolicy", name),
      () => cluster.kubectl("delete", "validatingadmissionpolicybinding", name),
    );
    // The API server takes up a policy some time after it was made.
    await expect
      .poll(async () => (await commands.run(["plan", "--mode", "helm"])).stdout, { timeout: 60_000, interval: 1000 })
      .toContain("stores run outside of this cluster");

    await expectRefused(await install(), "stores run outside of this cluster", /postgres/, "nothing was changed");
  });

  it("refuses a gateway class where the Gateway API is not known", async () => {
    await expectRefused(
      await install("cluster.gatewayClass.name=edge", "cluster.gatewayClass.addresses=[10.244.0.0/16]"),
      "edge",
      /Gateway API|gateway class/,
    );
  });

  it("refuses a priority class and a pull secret that are not there", async () => {
    await expectRefused(
      await install("cluster.priorityClass=urgent", "cluster.imagePullSecrets=[company]"),
      "urgent",
      "company",
    );
  });
});
