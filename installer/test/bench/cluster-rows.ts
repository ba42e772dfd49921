import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, startChild } from "../support/child.ts";
import { clusterPrograms } from "../support/cluster.ts";
import { type ClusterBench, withClusterBench } from "./bench-cluster.ts";
import { type Comparison, compare, formatMs, median, peakMemory } from "./measure.ts";
import { type BenchRow, type Outcome, atMost } from "./row.ts";

/** Install on a real Kubernetes, against helm alone on the same chart and values. */
export function clusterRows(program: string, rounds: number): readonly BenchRow[] {
  return [
    {
      id: "bring-up-helm",
      title: "fresh `install --mode helm` of infra, images present",
      rival: "`helm upgrade --install --wait` of the same chart and values, Secrets ready-made",
      measure: (say) =>
        withClusterBench(program, async (bench) => atMost(await measureBringUp(bench, rounds, say), 1.05)),
    },
    {
      id: "no-op-helm",
      title: "`install` on a cluster with nothing to do",
      rival: "`helm upgrade --install --wait` with nothing to do",
      measure: (say) => withClusterBench(program, async (bench) => atMost(await measureNothingToDo(bench, say), 0.5)),
    },
    {
      id: "memory-helm",
      title: "most memory of an `install` that follows 2,000 pods on 200 nodes",
      rival: "the same without these",
      measure: (say) => withClusterBench(program, (bench) => measureMemory(bench, say)),
    },
    {
      id: "scale-helm",
      title: "`doctor` with 200 nodes and 5 releases of 400 pods",
      rival: "with 20 nodes and 5 releases of 40 pods",
      measure: (say) => withClusterBench(program, async (bench) => atMost(await measureScale(bench, rounds, say), 10)),
    },
  ];
}

async function measureBringUp(bench: ClusterBench, rounds: number, say: (text: string) => void): Promise<Comparison> {
  const rival = await keepRelease(bench);
  return compare(
    { run: () => bench.slipway("install", "--no-verify"), after: () => bench.removeNamespace() },
    {
      before: async () => {
        await bench.makeNamespace();
        await bench.cluster.apply(...rival.secrets);
      },
      run: () => rival.upgrade(),
      after: () => bench.removeNamespace(),
    },
    { rounds, onRound: say },
  );
}

async function measureNothingToDo(bench: ClusterBench, say: (text: string) => void): Promise<Comparison> {
  await bench.slipway("install", "--no-verify");
  const upgrade = upgradeFrom(bench, join(bench.stateDir, "live", "release"));
  return compare({ run: () => bench.slipway("install") }, { run: upgrade }, { rounds: 10, warmUps: 2, onRound: say });
}

interface ReadyRelease {
  readonly secrets: readonly unknown[];
  upgrade(): Promise<string>;
}

interface SecretObject {
  readonly metadata: { readonly name: string; readonly labels?: object };
  readonly type: string;
  readonly data?: object;
}

/** Installs once and keeps the chart, the values and the Secrets: the rival pays nothing for them. */
async function keepRelease(bench: ClusterBench): Promise<ReadyRelease> {
  await bench.slipway("install", "--no-verify");
  const folder = join(bench.folder, "by-hand");
  await cp(join(bench.stateDir, "live", "release"), folder, { recursive: true });
  // The address of the gateway's Service is another in each namespace, and nothing of infra waits for it.
  const installed = join(folder, "installed.yaml");
  const { secretDigests } = JSON.parse(await readFile(installed, "utf8")) as { readonly secretDigests: object };
  await writeFile(installed, JSON.stringify({ secretDigests }));
  const { items } = await bench.cluster.get<{ readonly items: readonly SecretObject[] }>(
    ...["secrets", "--namespace", bench.name, "--selector", `app.kubernetes.io/instance=${bench.name}`],
  );
  const secrets = items
    .filter(({ metadata }) => metadata.name.startsWith(`${bench.name}-files-`))
    .map(({ metadata: { name, labels }, type, data }) => ({
      ...{ apiVersion: "v1", kind: "Secret", type, data },
      metadata: { name, labels, namespace: bench.name },
    }));
  if (secrets.length === 0) throw new Error("an install left no Secret");
  await bench.removeNamespace();
  return { secrets, upgrade: upgradeFrom(bench, folder) };
}

function upgradeFrom(bench: ClusterBench, folder: string): () => Promise<string> {
  const values = [join(folder, "values.yaml"), join(folder, "installed.yaml")].flatMap((file) => ["--values", file]);
  const how = ["--install", "--wait", "--timeout", "10m"];
  return () => bench.helm("upgrade", bench.name, join(folder, "chart"), ...values, ...how);
}

const pauseImage = "slipway.invalid/pause:1";

/** Nodes without a kubelet, and pods that are on them as far as the API server knows. */
async function crowd(
  { cluster }: ClusterBench,
  nodes: number,
  { releases, podsOfEach }: { readonly releases: readonly string[]; readonly podsOfEach: number },
): Promise<void> {
  const zones = ["a", "b", "c"];
  await cluster.apply(
    ...Array.from({ length: nodes }, (_, index) => ({
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: `crowd-${index}`,
        labels: {
          "topology.kubernetes.io/zone": zones[index % zones.length],
          "kubernetes.io/hostname": `crowd-${index}`,
        },
      },
      spec: { taints: [{ key: "bench", value: "crowd", effect: "NoSchedule" }] },
    })),
  );
  for (const release of releases) {
    await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: release } });
    await cluster.apply(
      ...Array.from({ length: podsOfEach }, (_, index) => ({
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          name: `crowd-${index}`,
          namespace: release,
          labels: {
            "app.kubernetes.io/instance": release,
            "app.kubernetes.io/part-of": "slipway",
            "app.kubernetes.io/name": "crowd",
          },
        },
        spec: {
          nodeName: `crowd-${index % nodes}`,
          automountServiceAccountToken: false,
          tolerations: [{ operator: "Exists" }],
          securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "crowd",
              image: pauseImage,
              resources: { requests: { cpu: "10m", memory: "16Mi" } },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
            },
          ],
        },
      })),
    );
  }
}

async function measureMemory(bench: ClusterBench, say: (text: string) => void): Promise<Outcome> {
  const peakOfChange = async (memory: string): Promise<number> => {
    const args = bench.command("install", "--no-verify", "--set", `redis.resources.memory=${memory}`);
    return peakMemory(startChild(process.execPath, args, { cwd: bench.folder, env: bench.environment }));
  };
  await bench.slipway("install", "--no-verify");
  const alone = await peakOfChange("768Mi");
  say(`without: ${alone} MB`);
  await crowd(bench, 200, { releases: [bench.name], podsOfEach: 2000 });
  const most = await peakOfChange("640Mi");
  say(`with: ${most} MB`);
  return { ours: `${most} MB`, theirs: `${alone} MB`, figure: `${most} MB`, bar: "≤ 150 MB", pass: most <= 150 };
}

async function measureScale(bench: ClusterBench, rounds: number, say: (text: string) => void): Promise<Comparison> {
  await bench.slipway("install", "--no-verify");
  const releases = [bench.name, "one", "two", "three", "four"];
  // They cannot stand side by side in one cluster, so each has its rounds after the other.
  const timeAmong = async (nodes: number, podsOfEach: number): Promise<number> => {
    await crowd(bench, nodes, { releases, podsOfEach });
    const times: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const begin = performance.now();
      await bench.slipway("doctor", "--json");
      times.push(performance.now() - begin);
    }
    say(`${nodes} nodes: ${formatMs(median(times.slice(1)))}`);
    return median(times.slice(1));
  };
  const rivalMs = await timeAmong(20, 40);
  const ours = await timeAmong(200, 400);
  return { ours, rivalMs, ratio: ours / rivalMs, rounds };
}

/** Versions of the cluster's programs. */
export async function describeCluster(): Promise<string> {
  const { kubectl, helm } = await clusterPrograms();
  const kubernetes = await mustRun(kubectl, ["version", "--client", "--output", "json"]);
  const { clientVersion } = JSON.parse(kubernetes) as { readonly clientVersion: { readonly gitVersion: string } };
  const helmVersion = await mustRun(helm, ["version", "--template", "{{.Version}}"]);
  return `Kubernetes ${clientVersion.gitVersion}, helm ${helmVersion.trim()}`;
}
