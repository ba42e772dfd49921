/** Backups on a real Kubernetes: made, looked after, and all that a platform needs to come back in an empty namespace. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { BackupCreateResult, BackupListResult, BackupVerifyResult } from "../../src/actions/backup/backup.ts";
import type { RestoreResult } from "../../src/actions/backup/restore.ts";
import type { BackupScheduleResult } from "../../src/actions/backup/schedule.ts";
import type { StatusResult } from "../../src/actions/status/status.ts";
import { longClusterObstacle } from "../support/cluster.ts";
import { openHelmPlatform } from "../support/helm-platform.ts";
import type { HelmPlatform } from "../support/helm-platform.ts";
import { portArguments } from "../support/free-ports.ts";
import { untilTrue } from "../support/hold.ts";
import { mustInstall, withPlatform, writeInto } from "../support/platform.ts";
import { describeUnless } from "../support/unless.ts";
import { sendToLoopback } from "./https-request.ts";

const domain = "platform.test";
const claim = "backups";
const obstacle = await longClusterObstacle();

describeUnless(obstacle, "backups on a real Kubernetes", () => {
  let platform: HelmPlatform;
  let place: readonly string[];
  let keyFile: string;
  let made: BackupCreateResult;

  beforeAll(async () => {
    platform = await openHelmPlatform();
    keyFile = join(platform.folder, "recovery-key");
    const values = await writeInto(
      platform,
      "values.yaml",
      [
        `domain: ${domain}`,
        "cluster:",
        `  exposure: { kind: externalIPs, addresses: [${platform.cluster.nodeAddress}] }`,
        "  imageVolumes: never",
        `backup: { mode: embedded, claim: ${claim} }`,
      ].join("\n"),
    );
    place = ["--mode", "helm", "--profile", "infra", "--without", "casdoor", "-f", values];
    await platform.cluster.kubectl("create", "namespace", platform.namespace);
  });

  afterAll(() => platform.dispose());

  const restoreAll = (): readonly string[] => [
    ...["restore", "--mode", "helm", "--from", `claim:${claim}`, "--recovery-key-file", keyFile],
  ];

  async function sql(statement: string): Promise<string> {
    const done = await platform.run(["psql", "--", "-XAtc", statement]);
    if (done.exitCode !== 0) throw new Error(done.stderr + done.stdout);
    return done.stdout.trim();
  }

  async function claims(): Promise<readonly string[]> {
    const found = await platform.objects("persistentvolumeclaims");
    return found
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata.name)
      .toSorted();
  }

  /** The cluster's node is this machine, and its volumes are folders. */
  async function folderOfClaim(): Promise<string> {
    const [found] = await platform.objects("persistentvolumeclaims", "--field-selector", `metadata.name=${claim}`);
    const volume = await platform.kubectl("get", "persistentvolume", String(found?.spec?.["volumeName"]), "-o", "json");
    const { spec } = JSON.parse(volume) as { readonly spec: { readonly hostPath: { readonly path: string } } };
    return spec.hostPath.path;
  }

  it("a place for backups is a claim that a person made: a directory is refused, and a claim that is not there", async () => {
    const directory = ["--set", "backup.claim=", "--set", "backup.directory=/mnt/backup"];

    const onHost = await platform.run(["install", ...place, ...directory]);
    const missing = await platform.run(["install", ...place]);

    expect(onHost.exitCode).toBe(2);
    expect(onHost.stderr).toContain("backup.directory is /mnt/backup, a directory of one host, and pods have none");
    expect(onHost.stderr).toMatch(/hint: .*--set backup\.claim=NAME/);
    expect(missing.exitCode).toBe(4);
    expect(missing.stderr).toContain(`there is no claim ${claim} in the namespace ${platform.namespace}`);
    expect(await claims()).toEqual([]);
  });

  it("a backup is made while people work, and they cannot delete before it begins to copy nor until it has copied", async () => {
    await platform.cluster.apply({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: claim, namespace: platform.namespace },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "5Gi" } } },
    });
    await mustInstall(platform, ...place, "--no-verify");
    const exported = join(platform.folder, "ca.crt");
    await platform.run(["ca", "export", "--out", exported]);
    const ca = await readFile(exported, "utf8");
    const remove = () =>
      sendToLoopback({ url: `https://${domain}/thing`, method: "DELETE", address: platform.cluster.nodeAddress, ca });
    await sql("create table kept (word text)");
    await sql("insert into kept values ('still here')");
    await platform.run(["s3", "put", "csghub-server/kept.txt"], { input: "still here" });
    const uninitialised = await platform.run(["backup", "create"]);
    await platform.run(["backup", "keygen", "-o", keyFile]);
    const init = await platform.run(["backup", "init", "--recovery-key-file", keyFile]);

    const before = await remove();
    const child = platform.start(["backup", "create", "--json"]);
    await untilTrue(child.ended, "copying to begin", () => child.stderr().includes("postgres: running"));
    const meanwhile = await remove();
    const ended = await child.ended;
    const after = await remove();

    expect(uninitialised.exitCode).toBe(6);
    expect(uninitialised.stderr).toContain("there is no repository of backups yet");
    expect(init.exitCode, init.stderr).toBe(0);
    expect(ended.exitCode, ended.stderr).toBe(0);
    made = JSON.parse(ended.stdout) as BackupCreateResult;
    expect(made.stores.map(({ store }) => store)).toEqual(["postgres", "git", "objects", "streams"]);
    expect(made.proof?.audit?.dangling.count).toBe(0);
    expect(meanwhile).toMatchObject({ status: 503, headers: { "retry-after": "30" } });
    expect([before.status, after.status]).not.toContain(503);
  });

  it("backups are listed, verified and thinned out, and a part comes back beside what is in use", async () => {
    const list = await platform.json<BackupListResult>(["backup", "list"]);
    const verified = await platform.json<BackupVerifyResult>(["backup", "verify", "--data"]);
    const pruned = await platform.run(["backup", "prune"]);
    const part = await platform.run(["restore", "--database", "csghub_server", "--as", "looked_up"]);
    const databases = await sql("select datname from pg_database where datname in ('csghub_server', 'looked_up')");
    const runs = await platform.objects("jobs", "--selector", "slipway.dev/run");

    expect(list.backups.map(({ id, proof }) => [id, proof?.id])).toEqual([[made.backup, made.backup]]);
    expect(verified).toMatchObject({ ok: true, problems: [] });
    expect(pruned.stdout).toBe("0 removed, 1 kept\n");
    expect(part.exitCode, part.stderr).toBe(0);
    expect(databases.split("\n").toSorted()).toEqual(["csghub_server", "looked_up"]);
    expect(runs).toEqual([]);
  });

  it("timers are told by which kubeconfig they reach the cluster, and a drill is refused with what proves a backup instead", async () => {
    const schedule = await platform.json<BackupScheduleResult>(["backup", "schedule", "--dry-run"]);
    const drill = await platform.run(["backup", "drill"]);

    const service = schedule.files.find(({ path }) => path.endsWith("-backup.service"))?.contents;
    expect(service).toContain(`Environment="KUBECONFIG=${platform.cluster.kubeconfig}"`);
    expect(drill.exitCode).toBe(4);
    expect(drill.stderr).toContain(`where the claim ${claim} cannot be mounted`);
    expect(drill.stderr).toMatch(/hint: .*backup verify --prove latest/);
  });

  it("giving the platform up with all its data leaves the claim with the backups", async () => {
    const before = await claims();

    const purge = await platform.run(["uninstall", "--purge", "--yes-i-mean", platform.name]);

    expect(purge.exitCode, purge.stderr).toBe(0);
    expect(before).toContain(`staging-${platform.name}-backup-0`);
    expect(await claims()).toEqual([claim]);
  });

  it("the claim and the recovery key bring all of it back, also where the command was killed in the middle", async () => {
    const killed = platform.start(restoreAll());
    await untilTrue(killed.ended, "databases to be back", () => killed.stderr().includes("postgres: healthy"));
    killed.process.kill("SIGKILL");
    const { signal } = await killed.ended;

    const restored = await platform.json<RestoreResult>(restoreAll());
    const status = await platform.json<StatusResult>(["status"]);
    const again = await platform.run(restoreAll());

    expect(signal).toBe("SIGKILL");
    expect(restored.backup.id).toBe(made.backup);
    expect(restored.wires).toBeGreaterThan(15);
    expect(status.overall).toBe("healthy");
    expect(await sql("select word from kept")).toBe("still here");
    expect((await platform.run(["s3", "cat", "csghub-server/kept.txt"])).stdout).toBe("still here");
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toContain(`${platform.name} is installed here`);
  });

  it("the same backups bring it back on one host with Compose, and what is backed up there comes back on a cluster", async () => {
    const purged = await platform.run(["uninstall", "--purge", "--yes-i-mean", platform.name]);
    const directory = await folderOfClaim();
    const ofCluster = ["--recovery-key-file", keyFile, "--backup", made.backup];
    const { onHost, changed } = await withPlatform({}, async (host) => {
      const ports = portArguments(host.ports);
      const restored = await host.json<RestoreResult>(["restore", "--from", directory, ...ofCluster, ...ports]);
      const kept = [await host.run(["psql", "--", "-XAtc", "select word from kept"])];
      kept.push(await host.run(["s3", "cat", "csghub-server/kept.txt"]));
      await host.run(["psql", "--", "-XAtc", "insert into kept values ('on one host')"]);
      await host.run(["s3", "put", "csghub-server/host.txt"], { input: "on one host" });
      const { backup } = await host.json<BackupCreateResult>(["backup", "create"]);
      return { onHost: { restored, kept: kept.map(({ stdout }) => stdout.trim()) }, changed: backup };
    });

    const back = await platform.json<RestoreResult>([...restoreAll(), "--backup", changed]);

    expect(purged.exitCode, purged.stderr).toBe(0);
    expect(onHost.restored.wires).toBeGreaterThan(15);
    expect(onHost.kept).toEqual(["still here", "still here"]);
    expect(back.backup.id).toBe(changed);
    expect(back.wires).toBeGreaterThan(15);
    expect(await sql("select word from kept order by word")).toBe("on one host\nstill here");
    expect((await platform.run(["s3", "cat", "csghub-server/host.txt"])).stdout).toBe("on one host");
  });
});
