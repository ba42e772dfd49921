import type { Cluster } from "../cluster-ports.ts";
import { type ConnectionOptions, createApiConnection } from "./api-connection.ts";
import { createKinds } from "./kinds.ts";
import { objectCalls } from "./object-calls.ts";
import { createPages } from "./pages.ts";
import { logCalls } from "./pod-logs.ts";
import { streamCalls } from "./pod-streams.ts";
import { watchCall } from "./watch.ts";

export type ClusterCalls = Omit<Cluster, "place">;

/** All calls to one API server, over connections that they share. */
export function createClusterCalls(options: ConnectionOptions): ClusterCalls {
  const { limits } = options;
  const connection = createApiConnection(options);
  const kinds = createKinds(connection);
  const pages = createPages(connection, kinds, limits);
  return {
    version: async () => {
      const request = { what: "for its version", method: "GET", path: "/version" } as const;
      const { gitVersion, platform } = await connection.json<VersionAnswer>(request);
      return { version: gitVersion, platform };
    },
    ...objectCalls({ connection, kinds, pages }),
    watch: watchCall({ connection, kinds, pages, limits }),
    ...logCalls(connection),
    ...streamCalls(connection),
    close: () => connection.close(),
  };
}

interface VersionAnswer {
  readonly gitVersion: string;
  readonly platform: string;
}
