import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { mustRun, runChild } from "./child.ts";

const scripts = fileURLToPath(new URL("../../../scripts/testbed/kubernetes/", import.meta.url));
const clusterScript = `${scripts}cluster.sh`;

/** A real Kubernetes of one node. */
export interface Cluster {
  readonly name: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** This machine as pods and the node reach it; nothing else outside is reachable from there. */
  readonly hostAddress: string;
  /** The node as this machine reaches it: the API server's port 6443 and node ports. */
  readonly nodeAddress: string;
  /** Paths of `kubectl` and `helm` (version 4). */
  readonly programs: { readonly kubectl: string; readonly helm: string };
  /** Runs `kubectl` as the administrator and gives its standard output; throws with what it wrote when it fails. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Creates or changes the objects, in the namespace that they name. */
  apply(...objects: readonly unknown[]): Promise<void>;
  /** What `kubectl get … --output json` prints. */
  get<T>(...args: readonly string[]): Promise<T>;
  /** Copies images of this machine's Docker engine into it, those that it lacks. */
  load(...images: readonly string[]): Promise<void>;
  /** Kubeconfig of a user who has no rights yet; one whose certificate is over, when asked. */
  user(name: string, options?: { readonly groups?: readonly string[]; readonly isExpired?: boolean }): Promise<string>;
  /** From where the node pulls the images of a registry host, and whose certificates it trusts there. */
  registry(host: string, options: { readonly server?: string; readonly authority?: string }): Promise<void>;
  /** Defines the kinds of the Gateway API in it; no controller serves them. */
  defineGatewayApi(): Promise<void>;
  /** Runs a command in the node's namespaces. */
  inside(...command: readonly string[]): Promise<string>;
  /** Stops it; `start` goes on with its data, as after a reboot. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Why this machine cannot run a cluster, or undefined when it can. Its programs are built before the tests, not by them. */
export async function clusterObstacle(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "a cluster needs root";
  for (const program of ["unshare", "nsenter", "ip", "iptables", "openssl", "flock", "setsid"]) {
    const found = await runChild("sh", ["-c", `command -v ${program}`]);
    if (found.exitCode !== 0) return `a cluster needs ${program}`;
  }
  const built = await runChild(`${scripts}ensure-kubernetes.sh`, ["--check"]);
  return built.exitCode === 0 ? undefined : built.stderr.trim();
}

/** As `clusterObstacle`, for tests that take many minutes: they are left out where the run's time went into building the cluster's programs. */
export async function longClusterObstacle(): Promise<string | undefined> {
  if (process.env["SLIPWAY_SHORT_OF_TIME"] === "1")
    return "the time went into compiling Kubernetes; the next run has it";
  return clusterObstacle();
}

/**
 * A cluster that every file of this test run uses, started by the first of them. It ends with the test run, however that ends, so nobody
 * has to take it down.
 */
export function sharedCluster(): Promise<Cluster> {
  // Every file is run by a process of its own, all of them by the same parent.
  return startCluster(`test-${process.ppid.toString(36)}`, process.ppid);
}

/** Runs a test with a cluster that nobody else uses, and removes it afterwards. */
export async function withCluster<T>(body: (cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = await startCluster(`test-${randomBytes(4).toString("hex")}`, process.pid);
  try {
    return await body(cluster);
  } finally {
    await mustRun(clusterScript, ["down", cluster.name, "--wipe"]);
  }
}

/** Runs a test with a namespace of its own, and has it removed with everything in it; nobody waits until it is gone. */
export async function withNamespace<T>(cluster: Cluster, body: (namespace: string) => Promise<T>): Promise<T> {
  const namespace = `test-${randomBytes(4).toString("hex")}`;
  await cluster.kubectl("create", "namespace", namespace);
  try {
    return await body(namespace);
  } finally {
    await cluster.kubectl("delete", "namespace", namespace, "--wait=false");
  }
}

/** The programs that were made for clusters on this machine. */
export async function clusterPrograms(): Promise<Cluster["programs"]> {
  const folder = lastLine(await mustRun(`${scripts}ensure-kubernetes.sh`, ["--check"]));
  return { kubectl: `${folder}/bin/kubectl`, helm: `${folder}/bin/helm` };
}

async function startCluster(name: string, whileRuns: number): Promise<Cluster> {
  const up = ["up", name, "--while-runs", String(whileRuns)];
  const kubeconfig = lastLine(await mustRun(clusterScript, up));
  const programs = await clusterPrograms();
  const environment = { ...process.env, KUBECONFIG: kubeconfig };
  const kubectl = (args: readonly string[], input?: string): Promise<string> =>
    mustRun(programs.kubectl, args, { env: environment, ...(input !== undefined && { input }) });
  const addresses = await addressesOf(name);
  return {
    name,
    kubeconfig,
    ...addresses,
    programs,
    kubectl: (...args) => kubectl(args),
    apply: async (...objects) => {
      await kubectl(["apply", "--filename", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    },
    get: async <T>(...args: readonly string[]) => JSON.parse(await kubectl(["get", ...args, "--output", "json"])) as T,
    load: async (...images) => {
      await mustRun(clusterScript, ["load", name, ...images]);
    },
    user: async (user, { groups = [], isExpired = false } = {}) =>
      lastLine(await mustRun(clusterScript, ["user", name, user, ...groups, ...(isExpired ? ["--expired"] : [])])),
    registry: async (host, { server, authority }) => {
      const options = [
        ...(server === undefined ? [] : ["--server", server]),
        ...(authority === undefined ? [] : ["--ca", authority]),
      ];
      await mustRun(clusterScript, ["registry", name, host, ...options]);
    },
    defineGatewayApi: async () => {
      await mustRun(clusterScript, ["gateway-api", name]);
    },
    inside: (...command) => mustRun(clusterScript, ["run", name, ...command]),
    stop: async () => {
      await mustRun(clusterScript, ["down", name]);
    },
    start: async () => {
      await mustRun(clusterScript, ["up", name]);
    },
  };
}

async function addressesOf(name: string): Promise<Pick<Cluster, "hostAddress" | "nodeAddress">> {
  const line = (await mustRun(clusterScript, ["list"])).split("\n").find((text) => text.startsWith(`${name} `)) ?? "";
  const read = (field: string): string => new RegExp(` ${field}=(\\S+)`).exec(line)?.[1] ?? "";
  return { hostAddress: read("host"), nodeAddress: read("node") };
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
