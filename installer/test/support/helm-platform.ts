import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { runChild } from "./child.ts";
import type { ChildResult } from "./child.ts";
import { sharedCluster } from "./cluster.ts";
import type { Cluster } from "./cluster.ts";
import { createCommandLine } from "./command-line.ts";
import type { CommandLine } from "./command-line.ts";
import { infraImages, newName } from "./platform.ts";

/** An object of the cluster, as far as tests look at it. */
export interface ClusterObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** An install under test in a namespace of the test run's cluster. */
export interface HelmPlatform extends CommandLine {
  readonly cluster: Cluster;
  /** Named as the install, which makes it. */
  readonly namespace: string;
  /** The command line in another, empty state directory, as on another machine. */
  elsewhere(): CommandLine;
  /** `kubectl` in the namespace. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** `kubectl` in the namespace; a failure is in the result, as are warnings. */
  tryKubectl(args: readonly string[], input?: string): Promise<ChildResult>;
  objects(kinds: string, ...args: readonly string[]): Promise<readonly ClusterObject[]>;
  /** Pods of its services that are not on their way out: their uids, by component. */
  pods(): Promise<Readonly<Record<string, string>>>;
  helm(...args: readonly string[]): Promise<ChildResult>;
  /** Ends its programs and has the namespace removed. */
  dispose(): Promise<void>;
}

/** Prepares an install whose images the cluster has; nothing else of it is there yet. */
export async function openHelmPlatform(more: readonly string[] = []): Promise<HelmPlatform> {
  const cluster = await sharedCluster();
  await cluster.load(...infraImages(), ...more);
  const name = newName();
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  const environment = {
    ...process.env,
    KUBECONFIG: cluster.kubeconfig,
    PATH: [dirname(cluster.programs.helm), process.env["PATH"] ?? ""].join(delimiter),
  };
  const common = { name, folder, values: [], environment };
  const commands = createCommandLine({ ...common, stateDir: join(folder, "state") });
  const others: CommandLine[] = [];
  const kubectl = (...args: readonly string[]): Promise<string> => cluster.kubectl("--namespace", name, ...args);
  const objects = async (kinds: string, ...args: readonly string[]): Promise<readonly ClusterObject[]> =>
    (
      JSON.parse(await kubectl("get", kinds, ...args, "--output", "json")) as {
        readonly items: readonly ClusterObject[];
      }
    ).items;
  return {
    ...commands,
    cluster,
    namespace: name,
    elsewhere: () => {
      const other = createCommandLine({ ...common, stateDir: join(folder, `elsewhere-${others.length}`) });
      others.push(other);
      return other;
    },
    kubectl,
    tryKubectl: (args, input) =>
      runChild(cluster.programs.kubectl, ["--namespace", name, ...args], {
        env: environment,
        ...(input !== undefined && { input }),
      }),
    objects,
    pods: async () => {
      const found = await objects("pods", "--selector", `${nameLabel}=${name},!batch.kubernetes.io/job-name`);
      return Object.fromEntries(
        found
          .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
          .map(({ metadata }) => [metadata.labels?.[idLabel] ?? "", metadata.uid]),
      );
    },
    helm: (...args) => runChild(cluster.programs.helm, ["--namespace", name, ...args], { env: environment }),
    dispose: async () => {
      await Promise.all([commands, ...others].map((one) => one.kill()));
      await cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const nameLabel = "app.kubernetes.io/instance";
const idLabel = "app.kubernetes.io/name";

/** Numbers of the processes that a process has begun and that run, with their command lines. */
export async function childrenOf(pid: number): Promise<readonly { readonly pid: number; readonly command: string }[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return Promise.all(
    text
      .trim()
      .split(" ")
      .filter((word) => word !== "")
      .map(async (word) => ({
        pid: Number(word),
        command: (await readFile(`/proc/${word}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ").trim(),
      })),
  );
}
