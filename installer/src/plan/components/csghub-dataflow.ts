import {
  absentComponent,
  completed,
  type ComponentDefinition,
  container,
  healthy,
  type PlanContext,
  resourcesOf,
  tmp,
  toGiB,
} from "../define.ts";
import { environmentFile, withEnvironment } from "../groups/environment-file.ts";
import { hubPorts, toVariables } from "../groups/hub-file.ts";
import { labelStudioUrl } from "../groups/label-studio-address.ts";
import { declaredDatabase, libpqVariables, postgresCaFiles, postgresWire } from "../groups/postgres-client.ts";
import { pythonTrustVariables, trustFiles } from "../groups/public-address.ts";
import type { Container, Text, Volume, Wire } from "../model.ts";
import { concat, endpoint, secret } from "../text.ts";
import { hubRules } from "../../values/rules/csghub-server-rules.ts";

const port = hubPorts.dataflow;
const database = "csghub_dataflow";
const dataDir = "/data/dataflow";
const secretsPath = "/run/slipway/dataflow.env";
/** Nobody answers there: for a place outside that the program knows by default. */
const nowhere = "http://127.0.0.1:9";

/** Processing of data: collecting, converting and cleaning datasets, as people ask for it on the hub's pages. */
export const dataflow: ComponentDefinition = {
  id: "csghub-dataflow",
  section: {
    key: "dataflow",
    aliases: ["dataflow"],
    leastMemory: 512,
    image: "csghub-dataflow",
    keepsData: true,
    rules: hubRules("dataflow"),
  },
  profiles: [],
  databases: ({ dataflow: { mode } }) =>
    mode === "off"
      ? []
      : [{ name: database, owner: database, secret: "pg-dataflow", usedBy: ["csghub-dataflow"], extensions: [] }],
  build(context) {
    const values = context.values.dataflow;
    const component = {
      id: "csghub-dataflow",
      title: { en: "Data processing", zh: "数据处理" },
      purpose: { en: "Collects, converts and cleans datasets", zh: "采集、转换与清洗数据集" },
      zone: "app" as const,
    };
    if (values.mode === "off") return { component: absentComponent(component) };
    return {
      component: {
        ...component,
        presence: "embedded",
        endpoints: [{ id: "http", port, protocol: "http", tls: false }],
        // It asks the hub by the name that people use, and signs people in to the labelling pages there.
        reaches: ["gateway.main", "postgres.sql"],
        workload: {
          container: server(context),
          replicas: values.replicas,
          update: "recreate",
          stopSeconds: 20,
          health: { ready, live: { kind: "tcp", port }, startSeconds: 180 },
        },
        volumes: volumes(toGiB(values.storage.size)),
        needs: [completed("postgres-databases"), healthy("postgres", { ifPresent: true })],
      },
      wires: [postgresWire(context, database), wire],
    };
  },
};

/** It makes its own tables when it starts, and does not answer before. */
const ready = {
  kind: "exec",
  command: ["curl", "-sS", "--fail", "-o", "/dev/null", "--max-time", "4", `http://127.0.0.1:${port}/openapi.json`],
} as const;

const volumes = (sizeGiB: number): readonly Volume[] => [
  { name: "data", sizeGiB, dataClass: "backup" },
  { name: "logs", sizeGiB: 1, dataClass: "ephemeral" },
];

function server(context: PlanContext): Container {
  const values = context.values.dataflow;
  return container(
    {
      image: context.image("csghub-dataflow", values.image),
      uid: 10_022,
      ...withEnvironment(secretsPath, `exec uvicorn data_server.main:app --host 0.0.0.0 --port ${port}`),
      resources: resourcesOf(values.resources),
      mounts: [
        { volume: "data", path: dataDir },
        // Beside the program, where it writes what each of its tasks did.
        { volume: "logs", path: "/dataflow/runtime_logs" },
      ],
      scratch: [tmp(256)],
      env: toVariables(settings(context)),
      files: [
        environmentFile(secretsPath, {
          DATABASE_PASSWORD: [secret(declaredDatabase(context, database).secret, { as: "shell" })],
        }),
        ...postgresCaFiles(context),
        ...trustFiles(context),
      ],
    },
    values,
  );
}

function settings(context: PlanContext): Readonly<Record<string, string | Text>> {
  const { owner } = declaredDatabase(context, database);
  return {
    CSGHUB_ENDPOINT: context.addressing.mainUrl,
    STUDIO_JUMP_URL: labelStudioUrl(context),
    // What runs its tasks in a cluster is of the same version.
    CSGHUB_DATAFLOW_TEMPLATE_IMAGE: "opencsghq/dataflow:v2.4.0-argo",
    API_SERVER: "0.0.0.0",
    API_PORT: String(port),
    DATA_DIR: dataDir,
    MAX_WORKERS: "99",
    RAY_ENABLE: "False",
    RAY_ADDRESS: "auto",
    RAY_LOG_DIR: "/home/output",
    ENABLE_OPENTELEMETRY: "False",
    MINERU_API_URL: nowhere,
    DATABASE_HOSTNAME: [endpoint("postgres.sql", "host")],
    DATABASE_PORT: [endpoint("postgres.sql", "port")],
    DATABASE_DB: database,
    DATABASE_USERNAME: owner,
    ...libpqVariables(context),
    ...pythonTrustVariables(context),
    HOME: "/tmp",
    PYTHONDONTWRITEBYTECODE: "1",
  };
}

const wire: Wire = {
  id: "dataflow",
  from: "csghub-server",
  to: "csghub-dataflow.http",
  expectation: "the data processing answers",
  check: {
    kind: "route",
    url: concat([endpoint("csghub-dataflow.http", "url"), "/openapi.json"]),
    expectStatus: 200,
  },
};
