import type { Command } from "./command-line.ts";
import type { Use } from "./settings.ts";

/** What must be there, or a program does not start. */
export type Condition =
  | "token"
  | "database"
  | "tables"
  | "redis"
  | "nats"
  | "temporal"
  | "namespace"
  | "certificate"
  | "checks"
  | "home";

/** One program of the hub. */
export interface Program {
  /** Words of its command line. */
  readonly path: string;
  /** Variable with the port it listens on; it listens nowhere without one. */
  readonly port?: string;
  /** Queues of Temporal that it takes work from. */
  readonly queues?: readonly string[];
  /** It answers `/healthz`, whatever becomes of what it works with. */
  readonly healthz?: true;
  readonly uses: readonly Use[];
  /** In the order in which the real one comes to them, with what it says before the reason. */
  readonly conditions: readonly (readonly [Condition, string])[];
}

const database = [
  "database",
  "database initialization failed: failed to initialize database error: pinging pg database",
] as const;
const token = ["token", "API token length is less than 128, please check"] as const;
const temporal = ["temporal", "unable to create workflow client, error"] as const;
const queue = "fail to initialize message queue";
const router = "failed to init router";
const always: readonly Use[] = ["platform", "database", "peers"];

/** Conditions were seen by taking each away from the real programs; those of moderation were read in its source. */
export const programs: readonly Program[] = [
  {
    path: "start server",
    port: "STARHUB_SERVER_SERVER_PORT",
    healthz: true,
    uses: [...always, "redis", "nats", "temporal", "gitaly", "objects", "signIn"],
    conditions: [
      ["nats", "fail to build message queue handler"],
      token,
      database,
      ["redis", "initializing locker"],
      ["tables", "failed to run migration"],
      ["temporal", "unable to create workflow client, error"],
    ],
  },
  {
    path: "start rproxy",
    port: "STARHUB_SERVER_SPACE_RPROXY_SERVER_PORT",
    healthz: true,
    uses: [...always, "redis", "nats", "gitaly", "session"],
    conditions: [["nats", "fail to build message queue handler"], database],
  },
  {
    path: "user launch",
    queues: ["workflow_user_deletion_queue"],
    port: "OPENCSG_USER_SERVER_PORT",
    uses: [...always, "redis", "temporal", "gitaly", "signIn"],
    conditions: [
      token,
      database,
      temporal,
      ["certificate", `${router}: failed to read casdoor certificate file,error`],
      ["redis", router],
    ],
  },
  {
    path: "accounting launch",
    port: "OPENCSG_ACCOUNTING_SERVER_PORT",
    uses: [...always, "redis", "nats"],
    conditions: [token, database, ["nats", "failed to creating message queue factory"]],
  },
  {
    path: "mirror repo-sync",
    port: "STARHUB_SERVER_REPO_SYNC_PORT",
    uses: [...always, "redis", "temporal", "gitaly", "objects"],
    conditions: [database, ["redis", router], temporal],
  },
  {
    path: "mirror lfs-sync",
    port: "STARHUB_SERVER_LFS_SYNC_PORT",
    uses: [...always, "redis", "temporal", "gitaly", "objects"],
    conditions: [database, ["redis", router], temporal],
  },
  {
    path: "dataviewer launch",
    queues: ["data_viewer_queue_dataset_update"],
    port: "OPENCSG_DATAVIEWER_SERVER_PORT",
    uses: [...always, "redis", "temporal", "gitaly", "objects", "previews"],
    conditions: [
      token,
      database,
      temporal,
      ["namespace", "failed to init dataviewer router"],
      ["home", "failed to init dataviewer router"],
    ],
  },
  {
    path: "notification launch",
    port: "STARHUB_SERVER_NOTIFIER_PORT",
    uses: [...always, "redis", "nats", "temporal"],
    conditions: [token, database, temporal, ["nats", router], ["redis", router]],
  },
  {
    path: "aigateway launch",
    port: "OPENCSG_AIGATEWAY_PORT",
    healthz: true,
    uses: [...always, "redis", "nats", "gitaly", "objects", "session", "answers"],
    conditions: [token, database, ["nats", queue], ["redis", router]],
  },
  {
    path: "temporal-worker launch",
    queues: ["workflow_handle_push_queue", "workflow_cron_queue"],
    uses: [...always, "redis", "nats", "temporal", "gitaly", "objects", "signIn"],
    conditions: [
      database,
      ["nats", queue],
      ["redis", "failed to init deploy"],
      ["temporal", "unable to create temporal client, error"],
      ["namespace", "failed to start worker, error"],
    ],
  },
  {
    path: "moderation launch",
    port: "OPENCSG_MODERATION_SERVER_PORT",
    healthz: true,
    uses: [...always, "redis", "temporal", "gitaly", "objects"],
    conditions: [
      token,
      database,
      ["checks", "SensitiveCheck is not enable"],
      ["temporal", "unable to create temporal client, error"],
    ],
  },
];

const leaf = (...names: readonly string[]): readonly Command[] => names.map((name) => ({ name }));

/** Command line of the hub's binary, as far as the stand-in has it. */
export const hubCommands: Command = {
  name: "csghub-server",
  children: [
    { name: "start", children: [{ name: "server", switches: ["swagger"] }, { name: "rproxy" }] },
    { name: "migration", children: leaf("init", "migrate") },
    { name: "mirror", children: leaf("repo-sync", "lfs-sync") },
    ...["user", "accounting", "dataviewer", "notification", "aigateway", "temporal-worker", "moderation"].map(
      (name) => ({ name, children: leaf("launch") }),
    ),
  ],
};

/** The same of the portal. */
export const portalCommands: Command = {
  name: "csghub-portal",
  children: [
    { name: "migration", children: leaf("init", "migrate") },
    { name: "db", children: leaf("seed") },
    { name: "start", children: leaf("server") },
  ],
};
