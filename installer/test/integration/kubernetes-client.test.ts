import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { Cluster, KubeObject, ProgramStreams } from "../../src/platform/cluster-ports.ts";
import { createCluster } from "../../src/platform/kubernetes-cluster.ts";
import { clusterLimits } from "../../src/platform/kubernetes/cluster-limits.ts";
import { type Cluster as RealCluster, clusterObstacle, sharedCluster, withNamespace } from "../support/cluster.ts";
import { errorOf } from "../support/error-of.ts";
import { describeUnless } from "../support/unless.ts";

const obstacle = await clusterObstacle();
const manager = "slipway-test";
const config = { apiVersion: "v1", kind: "ConfigMap" };

function configMap(namespace: string, name: string, data: Readonly<Record<string, string>> = {}): KubeObject {
  return { ...config, metadata: { namespace, name }, data };
}

function deployment(namespace: string, replicas: number): KubeObject {
  const labels = { app: "web" };
  const containers = [{ name: "main", image: "testbed.local/busybox:1", command: ["sleep", "1000"] }];
  const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers } };
  const spec = { replicas, selector: { matchLabels: labels }, template };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { namespace, name: "web" }, spec };
}

function pod(namespace: string, name: string, command: string): KubeObject {
  const containers = [{ name: "main", image: "testbed.local/busybox:1", command: ["sh", "-c", command], stdin: true }];
  const spec = { terminationGracePeriodSeconds: 0, restartPolicy: "Never", containers };
  return { apiVersion: "v1", kind: "Pod", metadata: { namespace, name }, spec };
}

describeUnless(obstacle, "the client on a real cluster", () => {
  let real: RealCluster;
  let cluster: Cluster;
  const opened: Cluster[] = [];

  function open(kubeconfig: string): Cluster {
    const limits = { ...clusterLimits, pageSize: 2 };
    const made = createCluster({}, { ...process.env, KUBECONFIG: kubeconfig }, { limits });
    opened.push(made);
    return made;
  }

  beforeAll(async () => {
    real = await sharedCluster();
  });

  beforeEach(() => {
    cluster = open(real.kubeconfig);
  });

  afterEach(() => {
    for (const each of opened.splice(0)) each.close();
  });

  /** Makes a pod and waits until it is so far. */
  async function runs(object: KubeObject, phases: readonly string[] = ["Running"]): Promise<void> {
    const { apiVersion, kind, metadata } = await cluster.apply(object, { manager });
    await vi.waitFor(
      async () => {
        const found = await cluster.get({ apiVersion, kind, name: metadata.name, namespace: metadata.namespace ?? "" });
        expect(phases).toContain((found?.["status"] as { readonly phase?: string } | undefined)?.phase);
      },
      { timeout: 90_000, interval: 300 },
    );
  }

  it("says what it is, and lists page by page", async () => {
    const { version, platform } = await cluster.version();
    const namespaces = await cluster.list({ apiVersion: "v1", kind: "Namespace" }, {});
    const metadata = await cluster.listMetadata({ apiVersion: "v1", kind: "Namespace" }, {});

    expect(version).toMatch(/^v1\.\d+\.\d+/);
    expect(platform).toMatch(/^linux\//);
    expect(namespaces.map((found) => found.metadata.name)).toEqual(
      expect.arrayContaining(["default", "kube-node-lease", "kube-public", "kube-system"]),
    );
    expect(namespaces[0]).toMatchObject({ apiVersion: "v1", kind: "Namespace", status: { phase: "Active" } });
    expect(metadata).toHaveLength(namespaces.length);
    expect(metadata[0]).not.toHaveProperty("status");
    await expect(cluster.knows({ apiVersion: "apps/v1", kind: "Deployment" })).resolves.toBe(true);
    await expect(cluster.knows({ apiVersion: "slipway.dev/v1", kind: "Nothing" })).resolves.toBe(false);
  });

  it("applies, creates, replaces, merges and removes objects", () =>
    withNamespace(real, async (namespace) => {
      const ref = { ...config, namespace, name: "one" };
      const applied = await cluster.apply(configMap(namespace, "one", { a: "1" }), { manager });
      const again = await cluster.apply(configMap(namespace, "one", { a: "1" }), { manager });
      await cluster.apply(configMap(namespace, "dry"), { manager, dryRun: true });
      const replaced = await cluster.replace({ ...applied, data: { a: "2" } });

      expect(again.metadata.resourceVersion).toBe(applied.metadata.resourceVersion);
      expect(applied.metadata).not.toHaveProperty("managedFields");
      await expect(cluster.get({ ...ref, name: "dry" })).resolves.toBeUndefined();
      await expect(cluster.replace({ ...applied, data: {} })).rejects.toMatchObject({
        status: 409,
        reason: "Conflict",
      });
      await expect(cluster.create(configMap(namespace, "one"))).rejects.toMatchObject({
        status: 409,
        reason: "AlreadyExists",
      });
      expect(replaced["data"]).toEqual({ a: "2" });
      await expect(cluster.merge(ref, { data: { a: null, b: "3" } })).resolves.toMatchObject({ data: { b: "3" } });
      await expect(cluster.remove(ref, { uid: "2b2f1b9c-0000-4000-8000-000000000000" })).resolves.toBe(false);
      await expect(cluster.remove(ref, { uid: applied.metadata.uid ?? "" })).resolves.toBe(true);
      await expect(cluster.remove(ref)).resolves.toBe(false);
    }));

  it("says what is wrong with an object, and who else manages it", () =>
    withNamespace(real, async (namespace) => {
      await cluster.apply(deployment(namespace, 1), { manager });
      const ref = { apiVersion: "apps/v1", kind: "Deployment", namespace, name: "web" };
      await cluster.merge(ref, { spec: { replicas: 2 } }, { subresource: "scale" });
      const wrong = deployment(namespace, 1);
      const unknown = { ...wrong, spec: { ...(wrong["spec"] as object), replicaz: 2 } };
      const immutable = {
        ...wrong,
        spec: { ...(wrong["spec"] as object), selector: { matchLabels: { app: "other" } } },
      };
      const refusalOf = (object: KubeObject) => errorOf(() => cluster.apply(object, { manager }));

      await expect(refusalOf(deployment(namespace, 1))).resolves.toMatchObject({
        status: 409,
        message: `the cluster refused to apply Deployment ${namespace}/web: fields are managed by slipway`,
        details: [".spec.replicas is managed by slipway"],
      });
      expect((await refusalOf(unknown)).message).toContain(".spec.replicaz: field not declared in schema");
      await expect(errorOf(() => cluster.apply(immutable, { manager, force: true }))).resolves.toMatchObject({
        status: 422,
        reason: "Invalid",
        details: expect.arrayContaining([expect.stringMatching(/^spec\./)]) as string[],
      });
      await expect(cluster.apply(deployment(namespace, 0), { manager, force: true })).resolves.toMatchObject({
        spec: { replicas: 0 },
      });
    }));

  it("says which right is missing, and when a certificate is over", () =>
    withNamespace(real, async (namespace) => {
      const guest = open(await real.user("guest"));
      const late = open(await real.user("late", { isExpired: true }));

      await expect(
        errorOf(() => guest.list({ apiVersion: "v1", kind: "Secret" }, { namespace })),
      ).resolves.toMatchObject({
        status: 403,
        message: `the cluster refused to list objects of the kind Secret in the namespace ${namespace}: guest may not list secrets in the namespace ${namespace}`,
        details: ['apiGroups: [""], resources: ["secrets"], verbs: ["list"]'],
      });
      await expect(errorOf(() => late.version())).resolves.toMatchObject({
        code: "PREFLIGHT_FAILED",
        message: expect.stringMatching(/^the client certificate of the user \S+ expired on /) as string,
      });
    }));

  it("says which of the namespace's rules a pod breaks", () =>
    withNamespace(real, async (namespace) => {
      const refusalOf = (object: KubeObject) => errorOf(() => cluster.apply(object, { manager, dryRun: true }));
      const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { namespace, name: "none" } };
      await cluster.apply({ ...quota, spec: { hard: { pods: "0" } } }, { manager });
      // The controller has to have counted once.
      const refused = await vi.waitFor(
        async () => {
          const error = await refusalOf(pod(namespace, "one", "true"));
          expect(error.message).toContain("exceeded quota: none");
          return error;
        },
        { timeout: 30_000 },
      );
      await cluster.merge(
        { apiVersion: "v1", kind: "Namespace", name: namespace },
        { metadata: { labels: { "pod-security.kubernetes.io/enforce": "restricted" } } },
      );

      expect(refused.hint).toContain("raise the ResourceQuota none");
      expect((await refusalOf(pod(namespace, "one", "true"))).hint).toContain("pod-security.kubernetes.io/enforce");
    }));

  it("watches what there is and what becomes of it", () =>
    withNamespace(real, async (namespace) => {
      const seen: string[] = [];
      const stop = new AbortController();
      for (const name of ["a", "b", "c"]) await cluster.apply(configMap(namespace, name), { manager });

      await cluster.watch(
        config,
        { namespace },
        ({ type, object }) => {
          if (object.metadata.name !== "kube-root-ca.crt") seen.push(`${type} ${object.metadata.name}`);
        },
        { signal: stop.signal },
      );
      await cluster.apply(configMap(namespace, "a", { changed: "yes" }), { manager });
      await cluster.remove({ ...config, namespace, name: "b" });

      await vi.waitFor(() => expect(seen).toEqual(["ADDED a", "ADDED b", "ADDED c", "MODIFIED a", "DELETED b"]), {
        timeout: 30_000,
      });
      stop.abort();
    }));

  it("reads logs, follows them, and connects to programs", { timeout: 240_000 }, () =>
    withNamespace(real, async (namespace) => {
      await runs(pod(namespace, "talks", "for n in 1 2 3; do echo line $n; sleep 1; done; echo end"));
      await runs(pod(namespace, "listens", "read line; echo heard $line; sleep 2"));
      await runs(pod(namespace, "waits", "sleep 1000"));
      const container = (name: string) => ({ namespace, pod: name, container: "main" });
      const exec = async (command: readonly string[], more: Partial<ProgramStreams> = {}) => {
        const [output, errors] = [new PassThrough(), new PassThrough()];
        const streams = { output, errors, terminal: false, ...more };
        const code = await cluster.exec(container("waits"), command, streams);
        return { code, output: await text(output.end()), errors: await text(errors.end()) };
      };
      const lines: string[] = [];

      await cluster.followLogs(container("talks"), {
        tail: -1,
        signal: new AbortController().signal,
        onLine: (line) => void lines.push(line),
      });
      expect(lines).toEqual(["line 1", "line 2", "line 3", "end"]);
      await expect(cluster.logs(container("talks"), { tail: 2, since: "1h" })).resolves.toEqual(["line 3", "end"]);

      await expect(exec(["sh", "-c", "echo out; echo err >&2; exit 3"])).resolves.toEqual({
        ...{ code: 3, output: "out\n", errors: "err\n" },
      });
      const input = Readable.from(Array<Buffer>(100).fill(Buffer.alloc(10_000, "x")));
      await expect(exec(["wc", "-c"], { input })).resolves.toMatchObject({ code: 0, output: "1000000\n" });
      const screen = Object.assign(new PassThrough(), { columns: 77, rows: 33 });
      // The size is told just after the program has begun.
      const code = await cluster.exec(container("waits"), ["sh", "-c", "sleep 1; stty size"], {
        ...{ output: screen, errors: new PassThrough(), terminal: true },
      });
      expect({ code, said: await text(screen.end()) }).toEqual({ code: 0, said: "33 77\r\n" });
      expect((await errorOf(() => exec(["no-such-program"]))).message).toContain("no-such-program");

      const [heard, keyboard] = [new PassThrough(), new PassThrough()];
      // Whose input ends is let go of by the container.
      keyboard.write("hello\n");
      await cluster.attach(container("listens"), {
        ...{ input: keyboard, output: heard, errors: new PassThrough(), terminal: false },
      });
      expect(await text(heard.end())).toBe("heard hello\n");
    }),
  );
});
