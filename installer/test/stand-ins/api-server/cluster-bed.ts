import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "../../../src/platform/cluster-ports.ts";
import { createCluster } from "../../../src/platform/kubernetes-cluster.ts";
import { type ClusterLimits, clusterLimits } from "../../../src/platform/kubernetes/cluster-limits.ts";
import { type FakeApiServer, type FakeApiServerOptions, startFakeApiServer } from "./fake-api-server.ts";

export interface ClusterBed {
  readonly server: FakeApiServer;
  readonly cluster: Cluster;
  readonly folder: string;
  readonly kubeconfigPath: string;
  readonly close: () => Promise<void>;
}

export interface ClusterBedOptions extends FakeApiServerOptions {
  /** In the kubeconfig; a token unless told. */
  readonly user?: object;
  /** In the kubeconfig, besides the server's address and authority. */
  readonly cluster?: object;
  readonly limits?: Partial<ClusterLimits>;
  readonly env?: Readonly<Record<string, string>>;
  /** Ctrl-C. */
  readonly signal?: AbortSignal;
}

/** An API server with a client whose kubeconfig leads to it. */
export async function openClusterBed(options: ClusterBedOptions = {}): Promise<ClusterBed> {
  const { user = { token: "the-token" }, cluster: settings, limits = {}, env = {}, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), "slipway-cluster-"));
  const server = await startFakeApiServer(options);
  const kubeconfigPath = join(folder, "config");
  await writeFile(kubeconfigPath, server.kubeconfig(user, settings));
  const cluster = createCluster(
    {},
    { PATH: process.env["PATH"], HOME: folder, KUBECONFIG: kubeconfigPath, ...env },
    {
      limits: { ...clusterLimits, firstPauseMs: 10, lastPauseMs: 50, ...limits },
      ...(signal === undefined ? {} : { signal }),
    },
  );
  return {
    ...{ server, cluster, folder, kubeconfigPath },
    close: async () => {
      cluster.close();
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}
