import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { mustRun } from "../support/child.ts";
import { type Cluster, clusterObstacle, withCluster } from "../support/cluster.ts";
import { infraImages } from "../support/platform.ts";

/** An install under test in a namespace of a cluster that nobody else uses; both are called `bench`. */
export interface ClusterBench {
  readonly name: string;
  readonly folder: string;
  readonly stateDir: string;
  readonly cluster: Cluster;
  /** What programs need to reach the cluster. */
  readonly environment: NodeJS.ProcessEnv;
  /** Arguments after the node program that run a command. */
  command(...args: readonly string[]): readonly string[];
  slipway(...args: readonly string[]): Promise<string>;
  helm(...args: readonly string[]): Promise<string>;
  /** Makes an empty namespace as an install does. */
  makeNamespace(): Promise<void>;
  /** Removes the namespace with all in it, and waits until it is gone. */
  removeNamespace(): Promise<void>;
}

const name = "bench";
const sets = ["domain=platform.test", "cluster.imageVolumes=never", "cluster.exposure.kind=clusterIP"];
const place = [
  "--mode",
  "helm",
  "--profile",
  "infra",
  "--without",
  "casdoor",
  ...sets.flatMap((set) => ["--set", set]),
];

/** Runs a body with a cluster that has the images of infra. */
export async function withClusterBench<Result>(
  program: string,
  body: (bench: ClusterBench) => Promise<Result>,
): Promise<Result> {
  const obstacle = await clusterObstacle();
  if (obstacle !== undefined) throw new Error(`cannot be measured here: ${obstacle}`);
  const folder = await mkdtemp(join(tmpdir(), "slipway-bench-"));
  const stateDir = join(folder, "state");
  try {
    return await withCluster(async (cluster) => {
      await cluster.load(...infraImages());
      const environment = {
        ...process.env,
        KUBECONFIG: cluster.kubeconfig,
        PATH: [dirname(cluster.programs.helm), process.env["PATH"] ?? ""].join(delimiter),
      };
      const options = { cwd: folder, env: environment };
      const command = (...args: readonly string[]): readonly string[] => [
        ...[program, ...args, "--name", name, "--state-dir", stateDir],
        ...(args[0] === "install" ? place : []),
      ];
      return body({
        name,
        folder,
        stateDir,
        cluster,
        environment,
        command,
        slipway: (...args) => mustRun(process.execPath, command(...args), options),
        helm: (...args) => mustRun(cluster.programs.helm, ["--namespace", name, ...args], options),
        makeNamespace: () =>
          cluster.apply({
            apiVersion: "v1",
            kind: "Namespace",
            metadata: { name, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
          }),
        removeNamespace: async () => {
          await cluster.kubectl("delete", "namespace", name, "--ignore-not-found");
          await rm(stateDir, { recursive: true, force: true });
        },
      });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
