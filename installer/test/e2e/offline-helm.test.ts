/** Bundle, private registry, cluster: the cluster reaches this machine and nothing else. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { BundleCreateResult } from "../../src/actions/bundle/create-request.ts";
import type { InstallResult } from "../../src/actions/install/install-request.ts";
import type { PushResult } from "../../src/actions/push/push-request.ts";
import type { VerifyResult } from "../../src/actions/verify/verify.ts";
import { runChild } from "../support/child.ts";
import { type Cluster, longClusterObstacle, sharedCluster } from "../support/cluster.ts";
import { runPrefix } from "../support/platform.ts";
import { describeUnless } from "../support/unless.ts";
import { type PrivateRegistry, startPrivateRegistry } from "./cluster-registry.ts";

const program = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const obstacle = await longClusterObstacle();
const name = `${runPrefix}air`;
const login = { username: "pusher", password: "test-only-password" };
const ground = ["--profile", "infra", ...["casdoor", "temporal-ui", "gitlab-shell"].flatMap((id) => ["--without", id])];

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly uid: string };
    readonly spec: {
      readonly containers: readonly { readonly image: string }[];
      readonly initContainers?: readonly { readonly image: string }[];
      readonly imagePullSecrets?: readonly { readonly name: string }[];
    };
  }[];
}

describeUnless(obstacle, "an install on a cluster without network, from a bundle", () => {
  let cluster: Cluster;
  let folder: string;
  let target: string;
  let access: readonly string[];
  let registry: PrivateRegistry;

  async function slipway<T>(exitCode: number, ...args: readonly string[]): Promise<T> {
    const environment = {
      ...process.env,
      KUBECONFIG: cluster.kubeconfig,
      PATH: [dirname(cluster.programs.helm), process.env["PATH"] ?? ""].join(delimiter),
      XDG_CACHE_HOME: join(folder, "cache"),
      NO_COLOR: "1",
      CI: "1",
    };
    const common = ["--name", name, "--state-dir", join(folder, "state"), "--json"];
    const result = await runChild(process.execPath, [program, ...common, ...args], { cwd: folder, env: environment });
    if (result.exitCode === exitCode) return JSON.parse(result.stdout) as T;
    throw new Error(`slipway ${args.join(" ")} ended with ${String(result.exitCode)}:\n${result.stderr}`);
  }

  const place = ["cluster.imageVolumes=never", "cluster.exposure.kind=clusterIP", "domain=platform.example"];
  const values = [...ground, ...place.flatMap((entry) => ["--set", entry])];
  const bundle = ["--bundle", "slipway.tar", "--allow-unsigned"];
  const install = (exitCode: number, ...more: readonly string[]): Promise<InstallResult> =>
    slipway(exitCode, "install", ...bundle, ...more);

  async function pods(...selection: readonly string[]): Promise<Pods["items"]> {
    return (await cluster.get<Pods>("pods", "--namespace", name, ...selection)).items;
  }

  /** Those of services: what is left of a job goes by itself, at a time of its own. */
  async function servicePods(): Promise<readonly string[]> {
    const found = await pods("--selector", "!batch.kubernetes.io/job-name");
    return found.map(({ metadata }) => metadata.uid);
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), `${name}-`));
    cluster = await sharedCluster();
    const made = await slipway<BundleCreateResult>(
      0,
      ...["bundle", "create", "-o", "slipway.tar", "--unsigned", "--from", "engine", ...ground],
    );
    const image = made.images.find((row) => row.name === "registry")?.reference ?? "";
    const files = { folder: join(folder, "registry"), address: cluster.hostAddress, login };
    registry = await startPrivateRegistry(`${name}-registry`, image, files);
    await cluster.registry(registry.host, { authority: registry.authority });
    await writeFile(join(folder, "password"), login.password, { mode: 0o600 });
    target = `${registry.host}/ai-infra`;
    access = ["--ca-file", registry.authority, "--username", login.username, "--password-file", "password"];
  }, 600_000);

  afterAll(async () => {
    await cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false");
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("is refused without a registry that the nodes could pull from, before anything is there", async () => {
    const error = await slipway<{ readonly code: string; readonly hint: string }>(
      2,
      ...["install", "--mode", "helm", ...values, ...bundle],
    );

    expect(error.hint).toContain("--registry HOST/PROJECT");
    expect(await cluster.kubectl("get", "namespaces", "--output=name")).not.toContain(name);
  });

  it("brings the images to the registry, and every pod runs them from there by digest with the login of the nodes", async () => {
    const result = await install(0, "--mode", "helm", ...values, "--registry", target, ...access);
    const verified = await slipway<VerifyResult>(0, "verify");

    expect(result).toMatchObject({ changed: true, egress: { refused: [] }, verify: { failed: 0 } });
    expect(result.bundle?.pushed?.images).toBeGreaterThan(8);
    expect(verified.failed).toBe(0);
    const running = await pods();
    const images = running.flatMap(({ spec }) => [...spec.containers, ...(spec.initContainers ?? [])]);
    expect(images.length).toBeGreaterThan(8);
    for (const { image } of images) {
      expect(image.startsWith(`${target}/slipway/`)).toBe(true);
      expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
    }
    for (const { spec } of running) expect(spec.imagePullSecrets).toEqual([{ name: `${name}-image-registry` }]);
    const release = await runChild(cluster.programs.helm, ["get", "all", name, "--namespace", name], {
      env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
    });
    expect(release.stdout).toContain(`${name}-image-registry`);
    expect(release.stdout).not.toContain(login.password);
  });

  it("sends nothing and changes nothing the second time; a new login reaches the nodes all the same", async () => {
    const before = await servicePods();
    const changed = { ...login, password: "another-test-password" };
    await registry.allow(changed);
    await writeFile(join(folder, "password"), changed.password, { mode: 0o600 });

    const again = await install(0, "--registry", target, ...access);
    const plain = await slipway<InstallResult>(0, "install", "--offline");
    const pushed = await slipway<PushResult>(0, "push", ...bundle, "--to", target, ...access);

    expect(again.changed).toBe(false);
    expect(plain.changed).toBe(false);
    expect(pushed.bytes.sent).toBe(0);
    expect(await servicePods()).toEqual(before);
    const secret = await cluster.get<{ readonly data: Readonly<Record<string, string>> }>(
      ...["secret", `${name}-image-registry`, "--namespace", name],
    );
    const logins = Buffer.from(secret.data[".dockerconfigjson"] ?? "", "base64").toString();
    expect(JSON.parse(logins)).toMatchObject({ auths: { [registry.host]: changed } });
  });

  it("leaves no login behind", async () => {
    await slipway(0, "uninstall", "--purge", "--yes-i-mean", name);

    expect(await cluster.kubectl("get", "secrets", "--namespace", name, "--output=name")).not.toContain("registry");
  });
});
