import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { InstallResult } from "../../src/actions/install/install-request.ts";
import type { PlanResult } from "../../src/actions/plan/plan.ts";
import type { StatusResult } from "../../src/actions/status/status.ts";
import type { VerifyResult } from "../../src/actions/verify/verify.ts";
import { startChild } from "../support/child.ts";
import type { ChildResult } from "../support/child.ts";
import { longClusterObstacle } from "../support/cluster.ts";
import { childrenOf, openHelmPlatform } from "../support/helm-platform.ts";
import type { ClusterObject, HelmPlatform } from "../support/helm-platform.ts";
import { holdAt, untilTrue } from "../support/hold.ts";
import { infraServices, mustInstall, writeInto } from "../support/platform.ts";
import { restrictedPod } from "../support/restricted-pod.ts";
import { describeUnless } from "../support/unless.ts";
import { sendToLoopback } from "./https-request.ts";
import { findNeedles, readNeedles, watchCommandLines } from "../support/secret-canary.ts";
import type { Watcher } from "../support/secret-canary.ts";

const domain = "platform.test";
/** Kinds that a namespace of the tests may hold. */
const kinds =
  "deployments,statefulsets,jobs,pods,services,configmaps,secrets,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets,persistentvolumeclaims,leases";
/** Kinds of which an install could leave something beside its namespace. */
const widerKinds =
  "clusterroles,clusterrolebindings,customresourcedefinitions,priorityclasses,validatingwebhookconfigurations,mutatingwebhookconfigurations,storageclasses,namespaces";

const obstacle = await longClusterObstacle();

describeUnless(obstacle, "infra on a real Kubernetes", () => {
  let platform: HelmPlatform;
  let place: readonly string[];
  let watcher: Pick<Watcher, "commandLines" | "stop">;
  let first: ChildResult;
  let wider: readonly string[];

  beforeAll(async () => {
    platform = await openHelmPlatform();
    wider = await widerNames();
    const values = await writeInto(
      platform,
      "values.yaml",
      [
        `domain: ${domain}`,
        "cluster:",
        `  exposure: { kind: externalIPs, addresses: [${platform.cluster.nodeAddress}] }`,
        "  imageVolumes: never",
        "  storageClass: growing",
      ].join("\n"),
    );
    place = ["--mode", "helm", "--profile", "infra", "--without", "casdoor", "-f", values];
    watcher = watchCommandLines();
  });

  afterAll(async () => {
    await watcher.stop();
    await platform.dispose();
  });

  async function widerNames(): Promise<readonly string[]> {
    const names = await platform.cluster.kubectl("get", widerKinds, "--output", "name");
    return names.trim().split("\n").toSorted();
  }

  /** What each object of the install is, but for what controllers write into it and the install's own records. */
  async function definitions(): Promise<Readonly<Record<string, string>>> {
    const all = await platform.objects(kinds.replace("pods,", "").replace(",leases", ""));
    return Object.fromEntries(
      all
        .filter(({ metadata }) => !isRecord(metadata))
        .map((object) => [`${object.kind}/${object.metadata.name}`, definition(object)]),
    );
  }

  async function changedPods(body: () => Promise<unknown>): Promise<readonly string[]> {
    const before = await platform.pods();
    await body();
    const after = await platform.pods();
    return Object.keys({ ...before, ...after })
      .filter((id) => before[id] !== after[id])
      .toSorted();
  }

  async function sql(statement: string): Promise<string> {
    const done = await platform.run(["psql", "--", "-XAtc", statement]);
    if (done.exitCode !== 0) throw new Error(done.stderr + done.stdout);
    return done.stdout.trim();
  }

  /** Waits until everything serves again. */
  async function healed(): Promise<string> {
    const started = await platform.run(["start"]);
    if (started.exitCode !== 0) throw new Error(started.stderr);
    return (await platform.json<StatusResult>(["status"])).overall;
  }

  describe("a fresh install that is disturbed", () => {
    it("refuses a second one, here and on another machine, with who is at work, and says when its helm is killed", async () => {
      const hold = holdAt(platform.folder, "after:files:done");
      const begun = platform.start(["install", ...place], { environment: hold.environment });
      await hold.reached(begun.ended);
      const [here, there] = [platform, platform.elsewhere()].map((one) => one.run(["install", ...place]));
      const second = await here;
      const other = await there;
      const pending = startChild(platform.cluster.programs.kubectl, [
        ...["--kubeconfig", platform.cluster.kubeconfig, "--namespace", platform.namespace],
        ...["get", "secrets", "--selector", "owner=helm,status=pending-install", "--watch", "--output", "name"],
      ]);
      let isPending = false;
      pending.process.stdout?.once("data", () => (isPending = true));
      hold.release();
      await untilTrue(begun.ended, "helm to be in the middle", () => isPending);
      const helm = (await childrenOf(begun.pid)).find(({ command }) => command.includes(" upgrade "));
      if (helm !== undefined) process.kill(helm.pid, "SIGKILL");
      const ended = await begun.ended;
      pending.process.kill();
      await pending.ended;

      expect(second?.exitCode).toBe(75);
      expect(second?.stderr).toContain(String(begun.pid));
      expect(other?.exitCode).toBe(75);
      expect(other?.stderr).toContain("install");
      expect(ended.exitCode).toBe(6);
      expect(ended.stderr).toContain("helm");
    });

    it("is gone on with after helm was killed, and again after the program was", async () => {
      const killed = platform.start(["install", ...place]);
      await untilTrue(killed.ended, "a component to be healthy", () => killed.stderr().includes(": healthy"));
      killed.process.kill("SIGKILL");
      const { signal, stderr } = await killed.ended;

      first = await mustInstall(platform, ...place, "--json");

      expect(stderr).toContain("the release was left pending-install");
      expect(signal).toBe("SIGKILL");
    });
  });

  describe("what was installed", () => {
    it("is healthy and every wire was proved", () => {
      const result = JSON.parse(first.stdout) as InstallResult;

      expect(result).toMatchObject({ changed: true, verify: { ok: true, failed: 0 } });
      expect(result.verify?.passed).toBeGreaterThan(15);
    });

    it("has wires that verify proves again, and a status that agrees with the cluster", async () => {
      const verified = await platform.json<VerifyResult>(["verify"]);
      const status = await platform.json<StatusResult>(["status"]);
      const pods = await platform.pods();

      expect(verified.failed).toBe(0);
      expect(verified.passed).toBeGreaterThan(15);
      expect(status.overall).toBe("healthy");
      expect(status.components.map(({ id }) => id).toSorted()).toEqual(infraServices);
      expect(Object.keys(pods).toSorted()).toEqual(infraServices);
      expect(status.foreign).toEqual([]);
    });

    it("answers outside the cluster with the page, by its own certificate", async () => {
      const exported = join(platform.folder, "ca.crt");
      await platform.run(["ca", "export", "--out", exported]);

      const page = await sendToLoopback({
        url: `https://${domain}/`,
        address: platform.cluster.nodeAddress,
        ca: await readFile(exported, "utf8"),
      });

      expect(page.status).toBe(200);
      expect(page.body).toContain("Slipway");
    });

    it("keeps to PodSecurity restricted, in pods and in templates, without a warning", async () => {
      const manifest = await platform.helm("get", "manifest", platform.name);
      const label = ["pod-security.kubernetes.io/enforce=restricted", "pod-security.kubernetes.io/warn=restricted"];

      const pods = await platform.tryKubectl([
        ...["label", "namespace", platform.namespace, "--dry-run=server", "--overwrite"],
        ...label,
      ]);
      const templates = await platform.tryKubectl(
        ["apply", "--dry-run=server", "--server-side", "--force-conflicts", "--filename", "-"],
        manifest.stdout,
      );
      const namespace = await platform.cluster.get<ClusterObject>("namespace", platform.namespace);

      expect(namespace.metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" });
      expect(pods).toMatchObject({ exitCode: 0, stderr: "" });
      expect(templates).toMatchObject({ exitCode: 0, stderr: "" });
    });

    it("has its secrets in Secrets alone, and no pod has a token of the cluster but those that mark jobs", async () => {
      await watcher.stop();
      const needles = await readNeedles(platform.stateDir);
      const open = await platform.objects(`${kinds.replace("secrets,", "")},events`);
      const release = await platform.helm("get", "all", platform.name);
      const hits = [
        ...findNeedles(needles, "output", platform.output.join("\n")),
        ...findNeedles(needles, "the process table", [...watcher.commandLines].join("\n")),
        ...findNeedles(needles, "the release", release.stdout),
        ...findNeedles(needles, "objects", JSON.stringify(open)),
      ];
      const withToken = open.filter(
        ({ kind, spec }) => kind === "Pod" && spec?.["automountServiceAccountToken"] !== false,
      );

      expect(needles.length).toBeGreaterThan(60);
      expect(release.stdout).toContain("kind: StatefulSet");
      expect([...watcher.commandLines].some((line) => line.includes("helm") && line.includes(" upgrade "))).toBe(true);
      expect(hits).toEqual([]);
      expect(withToken.map(({ metadata }) => metadata.name)).toEqual([]);
    });
  });

  describe("changes", () => {
    it("are none at a second install, which says so and leaves every object as it is", async () => {
      const before = await definitions();

      const again = await mustInstall(platform);

      expect(again.stdout + again.stderr).toContain("nothing was changed");
      expect(await definitions()).toEqual(before);
    });

    it("are none when the namespace is named that it is in", async () => {
      const same = await platform.json<PlanResult>(["plan", "--set", `cluster.namespace=${platform.namespace}`]);

      expect(same.changes.filter(({ action }) => action !== "unchanged")).toEqual([]);
    });

    it("from another machine are of the same install, with the same secrets, and roll only what they must", async () => {
      const other = platform.elsewhere();
      const found = await other.json<InstallResult>(["install", ...place]);
      const secrets = await Promise.all(
        [platform, other].map(async (one) => (await one.run(["secrets", "show", "redis", "--reveal"])).stdout.trim()),
      );

      const changed = await changedPods(() =>
        mustInstall(other, "--no-verify", "--set", "redis.resources.memory=768Mi"),
      );
      const status = await platform.json<StatusResult>(["status"]);
      const back = await platform.json<InstallResult>(["install"]);

      expect(found.changed).toBe(false);
      expect(secrets[0]).toMatch(/^[0-9a-f]{64}$/);
      expect(secrets[1]).toBe(secrets[0]);
      expect(changed).toEqual(["redis"]);
      expect(status.overall).toBe("healthy");
      expect(back.changed).toBe(false);
    });

    it("that no node can start are told with their reason, and taken back by the next install", async () => {
      const image = `${platform.cluster.hostAddress}:9/nobody/valkey:1`;

      const wrong = await platform.run(["install", "--no-verify", "--timeout", "40", "--set", `redis.image=${image}`]);
      const back = await changedPods(() =>
        mustInstall(platform, "--no-verify", "--set", "redis.resources.memory=768Mi"),
      );
      const status = await platform.json<StatusResult>(["status"]);

      expect(wrong.exitCode).toBe(7);
      expect(wrong.stderr).toContain(`the image ${image} cannot be had`);
      expect(back).toEqual(["redis"]);
      expect(status.overall).toBe("healthy");
    });

    it("grow a claim while its pod goes on, and never shrink one", async () => {
      const size = ["--set", "nats.storage.size=12Gi"];
      const before = await platform.pods();

      await mustInstall(platform, "--no-verify", ...size);
      const claims = await platform.objects("persistentvolumeclaims", "--selector", "app.kubernetes.io/name=nats");
      const store = await platform.objects("statefulsets", "--selector", "app.kubernetes.io/name=nats");
      const after = await platform.pods();
      const shrunk = await platform.run(["install", "--set", "nats.storage.size=10Gi"]);

      expect(claims.map(({ spec }) => spec?.["resources"])).toEqual([{ requests: { storage: "12Gi" } }]);
      expect(JSON.stringify(store[0]?.spec?.["volumeClaimTemplates"])).toContain('"12Gi"');
      expect(after).toEqual(before);
      expect(shrunk.stderr).toContain("a claim never shrinks");
      expect(shrunk.exitCode).toBe(4);
      expect((await platform.json<InstallResult>(["install", ...size])).changed).toBe(false);
    });
  });

  describe("what runs", () => {
    it("is stopped, shown as stopped, and started", async () => {
      const stop = await platform.run(["stop"]);
      const stopped = await platform.json<StatusResult>(["status"], 7);
      const left = await platform.pods();

      expect(stop.exitCode).toBe(0);
      expect(stopped.overall).toBe("stopped");
      expect(left).toEqual({});
      expect(await healed()).toBe("healthy");
    });

    it("is restarted, one component, whose new pod serves when the command ends", async () => {
      const changed = await changedPods(async () => {
        expect(await platform.run(["restart", "redis"])).toMatchObject({ exitCode: 0 });
      });
      const pods = await platform.objects("pods", "--selector", `app.kubernetes.io/name=redis`);

      expect(changed).toEqual(["redis"]);
      expect(pods.map(({ status }) => status?.["phase"])).toEqual(["Running"]);
      expect((await platform.json<StatusResult>(["status"])).overall).toBe("healthy");
    });

    it("is reached by logs, exec and consoles", async () => {
      const logs = await platform.run(["logs", "postgres", "--tail", "5"]);
      const exec = await platform.run(["exec", "redis", "--", "sh", "-c", "id -u; echo wrong >&2; exit 9"]);
      const script = await platform.run(["psql"], { input: "select 40 + 2 as answer;\n" });

      expect(logs.exitCode).toBe(0);
      expect(logs.stdout.trim().split("\n").length).toBeLessThanOrEqual(5);
      expect(exec).toMatchObject({ exitCode: 9, stdout: "10002\n", stderr: "wrong\n" });
      expect(script).toMatchObject({ exitCode: 0, stderr: "" });
      expect(script.stdout).toContain("42");
    });

    it("is out of reach for strangers in the namespace and in another one", async () => {
      const { cluster, namespace } = platform;
      const address = await platform.kubectl(
        "get",
        "service",
        `${platform.name}-postgres`,
        "--output=jsonpath={.spec.clusterIP}",
      );
      const spaces = [namespace, "default"];
      const name = `stranger-${platform.name}`;
      const metadata = { name, labels: { app: "stranger" } };
      await cluster.apply(
        ...spaces.map((space) => ({
          apiVersion: "v1",
          kind: "Pod",
          metadata: { ...metadata, namespace: space },
          spec: restrictedPod("exec sleep 1000"),
        })),
      );
      const reaches = (space: string, port: number, host = address): Promise<boolean> =>
        cluster.kubectl("exec", "-n", space, name, "--", "sh", "-c", `nc -w 2 ${host} ${port} </dev/null`).then(
          () => true,
          () => false,
        );
      try {
        for (const space of spaces) {
          await cluster.kubectl("wait", "-n", space, "--for=condition=Ready", `pod/${name}`, "--timeout=90s");
        }
        const gateway = await platform.kubectl(
          "get",
          "service",
          `${platform.name}-gateway`,
          "--output=jsonpath={.spec.clusterIP}",
        );
        const seen = await Promise.all(spaces.map((space) => reaches(space, 5432)));
        const open = await Promise.all(spaces.map((space) => reaches(space, 443, gateway)));

        expect(seen).toEqual([false, false]);
        expect(open).toEqual([true, true]);
      } finally {
        for (const space of spaces) await cluster.kubectl("delete", "pod", "-n", space, name, "--ignore-not-found");
      }
    });
  });

  describe("data", () => {
    it("are there after every pod was killed and after the node was drained", async () => {
      await sql("create table kept (word text)");
      await sql("insert into kept values ('still here')");
      await platform.run(["s3", "put", "csghub-server/kept.txt"], { input: "still here" });
      const selector = `app.kubernetes.io/instance=${platform.name},!batch.kubernetes.io/job-name`;
      const nodes = await platform.cluster.get<{ readonly items: readonly ClusterObject[] }>("nodes");
      const node = nodes.items[0]?.metadata.name ?? "";

      const killed = await changedPods(async () => {
        await platform.kubectl("delete", "pods", "--selector", selector, "--grace-period=0", "--force");
        expect(await healed()).toBe("healthy");
      });
      const drained = await changedPods(async () => {
        const drain = ["drain", node, "--pod-selector", selector, "--delete-emptydir-data", "--timeout=120s"];
        try {
          await platform.cluster.kubectl(...drain);
          const waiting = await platform.json<StatusResult>(["status"], 7);
          expect(waiting.overall).not.toBe("healthy");
        } finally {
          await platform.cluster.kubectl("uncordon", node);
        }
        expect(await healed()).toBe("healthy");
      });

      expect(killed).toEqual(infraServices);
      expect(drained).toEqual(infraServices);
      expect(await sql("select word from kept")).toBe("still here");
      expect((await platform.run(["s3", "cat", "csghub-server/kept.txt"])).stdout).toBe("still here");
    });

    it("stay at an uninstall, with the records", async () => {
      const gone = await platform.run(["uninstall", "--yes"]);
      const left = await platform.objects(kinds);
      const secrets = left.filter(({ kind, metadata }) => kind === "Secret" && !isRecord(metadata));
      const claims = left.filter(({ kind }) => kind === "PersistentVolumeClaim");

      expect(gone.exitCode).toBe(0);
      expect(left.filter(({ kind }) => ["Pod", "Deployment", "StatefulSet", "Job", "Service"].includes(kind))).toEqual(
        [],
      );
      expect(secrets.map(({ metadata }) => metadata.name)).toEqual([]);
      expect(left.some(({ metadata }) => isRecord(metadata))).toBe(true);
      expect(claims).toHaveLength(5);
    });

    it("go when they are purged, and nothing is left in the namespace nor beside it", async () => {
      const purge = await platform.run(["uninstall", "--purge", "--yes-i-mean", platform.name]);
      const left = (await platform.objects(kinds)).filter(({ metadata }) => !metadata.name.startsWith("kube-root-ca"));
      const beside = (await widerNames()).filter((name) => !wider.includes(name));

      expect(purge.exitCode).toBe(0);
      expect(left.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual(["ServiceAccount/default"]);
      // The namespace that the install made stays: others may have put something into it.
      expect(beside).toEqual([`namespace/${platform.namespace}`]);
      await expect
        .poll(async () => (await platform.objects("persistentvolumeclaims")).length, { timeout: 30_000 })
        .toBe(0);
    });
  });
});

function isRecord({ name, labels }: ClusterObject["metadata"]): boolean {
  return labels?.["slipway.dev/records"] !== undefined || /-(state|run)(-|$)/.test(name);
}

/** Everything of an object that no controller changes by itself. */
function definition({ metadata, spec, status, ...rest }: ClusterObject): string {
  if (status === undefined) return metadata.resourceVersion ?? "";
  const named = Object.entries(metadata).filter(([field]) => field !== "resourceVersion" && field !== "managedFields");
  return JSON.stringify({ named, spec, kind: rest.kind });
}
