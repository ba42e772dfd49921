import {
  completed,
  container,
  healthy,
  resourcesOf,
  type ComponentDefinition,
  type JobDraft,
  type PlanContext,
  externalComponent,
} from "../define.ts";
import { postgresCaFiles, postgresTls, postgresWire } from "../groups/postgres-client.ts";
import { toolboxJob } from "../groups/toolbox-job.ts";
import type { Slotted, Wire } from "../model.ts";
import { concat, endpoint, jsonFile, secret, text } from "../text.ts";
import { temporalRules } from "../../values/rules/temporal-rules.ts";

const owner = "csghub_temporal";
const visibility = "csghub_temporal_visibility";

/** Long-running work that survives restarts. */
export const temporal: ComponentDefinition = {
  id: "temporal",
  section: {
    key: "temporal",
    leastMemory: 256,
    growth: { memoryPerUser: 2, memoryPerRepository: 0.2 },
    external: { required: ["host"] },
    single: "would take the first one's work away: each is told the same address of its own, and finds no other",
    rules: temporalRules,
  },
  databases: (values) =>
    values.temporal.mode === "embedded"
      ? [owner, visibility].map((name) => ({
          name,
          owner,
          secret: "pg-temporal",
          usedBy: ["temporal"],
          extensions: temporalExtensions(name),
        }))
      : [],
  build(context) {
    const values = context.values.temporal;
    const component = {
      id: "temporal",
      title: { en: "Temporal", zh: "Temporal 工作流" },
      purpose: { en: "Workflows: long-running work that survives restarts", zh: "工作流：可跨重启持续执行的任务" },
      zone: "data" as const,
    };
    if (values.mode === "external") {
      const { host, port } = values.external;
      return {
        component: externalComponent(component, { id: "grpc", port, protocol: "grpc", tls: false, externalHost: host }),
        jobs: [namespaceJob(context)],
        wires: [wire(context)],
      };
    }
    return {
      component: {
        ...component,
        presence: "embedded",
        endpoints: [{ id: "grpc", port: 7233, protocol: "grpc", tls: false }],
        workload: {
          container: container(
            {
              image: context.image("temporal", values.image),
              uid: 10008,
              resources: resourcesOf(values.resources),
              // It would ask its makers for newer versions, and tell them which one runs here.
              env: [{ name: "TEMPORAL_VERSION_CHECK_DISABLED", value: ["1"] }],
              files: [
                { path: "/etc/temporal/temporal.yaml", contents: jsonFile(settings(context)) },
                { path: "/etc/temporal/dynamic.yaml", contents: jsonFile({}) },
                ...postgresCaFiles(context),
              ],
            },
            values,
          ),
          replicas: values.replicas,
          update: "recreate",
          stopSeconds: 30,
          health: {
            ready: {
              kind: "exec",
              command: [
                "probe",
                "grpc",
                "127.0.0.1:7233",
                "--service",
                "temporal.api.workflowservice.v1.WorkflowService",
              ],
            },
            live: { kind: "tcp", port: 7233 },
            startSeconds: 120,
          },
        },
        needs: [completed("temporal-schema")],
      },
      jobs: [schemaJob(context), namespaceJob(context)],
      wires: [wire(context), postgresWire(context, owner), postgresWire(context, visibility)],
    };
  },
};

/** The visibility schema indexes search attributes with btree_gin. */
function temporalExtensions(name: string): readonly { readonly name: string }[] {
  return name === visibility ? [{ name: "btree_gin" }] : [];
}

/** One process runs all four services; only the frontend listens beyond loopback. */
function settings(context: PlanContext): Slotted {
  return {
    log: { stdout: true, level: "info" },
    persistence: {
      defaultStore: "default",
      visibilityStore: "visibility",
      numHistoryShards: context.values.temporal.historyShards,
      datastores: { default: { sql: store(context, owner, 20) }, visibility: { sql: store(context, visibility, 10) } },
    },
    global: { membership: { maxJoinDuration: "30s", broadcastAddress: "127.0.0.1" }, pprof: { port: 0 } },
    services: {
      frontend: { rpc: { grpcPort: 7233, membershipPort: 6933, bindOnIP: "0.0.0.0" } },
      history: { rpc: { grpcPort: 7234, membershipPort: 6934, bindOnLocalHost: true } },
      matching: { rpc: { grpcPort: 7235, membershipPort: 6935, bindOnLocalHost: true } },
      worker: { rpc: { grpcPort: 7239, membershipPort: 6939, bindOnLocalHost: true } },
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: "active",
      currentClusterName: "active",
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: "frontend", rpcAddress: "127.0.0.1:7233" },
      },
    },
    dcRedirectionPolicy: { policy: "noop" },
    archival: { history: { state: "disabled" }, visibility: { state: "disabled" } },
    publicClient: { hostPort: "127.0.0.1:7233" },
    dynamicConfigClient: { filepath: "/etc/temporal/dynamic.yaml", pollInterval: "60s" },
  };
}

function store(context: PlanContext, database: string, connections: number): Slotted {
  const tls = postgresTls(context);
  const ca = postgresCaFiles(context)[0];
  return {
    pluginName: "postgres12_pgx",
    databaseName: database,
    connectAddr: concat(text`${endpoint("postgres.sql", "hostPort")}`),
    connectProtocol: "tcp",
    user: owner,
    password: secret("pg-temporal"),
    maxConns: connections,
    maxIdleConns: connections,
    maxConnLifetime: "1h",
    ...(tls === "off"
      ? {}
      : {
          tls: {
            enabled: true,
            enableHostVerification: tls === "verify",
            ...(ca === undefined ? {} : { caFile: ca.path }),
          },
        }),
  };
}

function schemaJob(context: PlanContext): JobDraft {
  const ca = postgresCaFiles(context)[0];
  return toolboxJob(context, {
    id: "temporal-schema",
    component: "temporal",
    title: "Set up Temporal's schemas",
    makes: [`schema in ${owner}`, `schema in ${visibility}`],
    needs: [completed("postgres-databases")],
    outlastsSecrets: true,
    files: postgresCaFiles(context),
    document: {
      kind: "temporal-schema",
      host: endpoint("postgres.sql", "host"),
      port: endpoint("postgres.sql", "port"),
      user: owner,
      password: secret("pg-temporal"),
      // The versions that server 1.30 expects of its schemas.
      databases: [
        { name: owner, schema: "postgresql/v12/temporal", version: "1.18" },
        { name: visibility, schema: "postgresql/v12/visibility", version: "1.13" },
      ],
      tls: postgresTls(context),
      ...(ca === undefined ? {} : { caFile: ca.path }),
    },
  });
}

function namespaceJob(context: PlanContext): JobDraft {
  const { namespace, retentionDays } = context.values.temporal;
  return toolboxJob(context, {
    id: "temporal-namespace",
    component: "temporal",
    title: "Register Temporal's namespace",
    makes: [`namespace ${namespace}, history kept ${retentionDays} days`],
    needs: [healthy("temporal", { ifPresent: true })],
    waits: true,
    document: { kind: "temporal-namespace", address: endpoint("temporal.grpc", "hostPort"), namespace, retentionDays },
  });
}

function wire(context: PlanContext): Wire {
  return {
    id: "temporal",
    from: "csghub-server",
    to: "temporal.grpc",
    expectation: "a workflow is started and completed",
    check: {
      kind: "temporal",
      address: endpoint("temporal.grpc", "hostPort"),
      namespace: context.values.temporal.namespace,
    },
  };
}
