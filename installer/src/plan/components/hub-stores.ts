import type { ComponentDefinition } from "../define.ts";
import { internalApiGuards, internalApiWire } from "../groups/hub-internal-api.ts";
import { postgresWire } from "../groups/postgres-client.ts";

const roles = { csghub_server: "pg-server", csghub_portal: "pg-portal" } as const;

/**
 * Databases, buckets and guarded paths of the hub's own programs. Every profile prepares them, so that the application tier comes to a platform whose
 * stores, roles and keys are already proved.
 */
export const hubStores: ComponentDefinition = {
  id: "hub-stores",
  databases: () => [
    {
      name: "csghub_server",
      owner: "csghub_server",
      secret: roles.csghub_server,
      usedBy: ["csghub-server"],
      extensions: [
        { name: "hstore" },
        { name: "pgcrypto" },
        { name: "timescaledb", optional: true },
        { name: "zhparser", optional: true },
      ],
    },
    {
      name: "csghub_portal",
      owner: "csghub_portal",
      secret: roles.csghub_portal,
      usedBy: ["csghub-portal"],
      extensions: [],
    },
  ],
  buckets: ({ objectStore: { buckets } }) => [
    { name: buckets.server, access: "private", key: "csghub-server", usedBy: ["csghub-server"] },
    { name: buckets.portal, access: "private", key: "csghub-portal", usedBy: ["csghub-portal"] },
    { name: buckets.portalPublic, access: "public-read", key: "csghub-portal", usedBy: ["csghub-portal"] },
    // This key reaches pods of users, so it must open nothing else.
    { name: buckets.runner, access: "private", key: "csghub-runner", usedBy: ["csghub-runner"] },
  ],
  build: (context) => ({
    routes: internalApiGuards,
    wires: [...Object.keys(roles).map((name) => postgresWire(context, name)), internalApiWire(context)],
  }),
};
