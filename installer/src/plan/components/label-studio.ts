import {
  absentComponent,
  completed,
  type ComponentDefinition,
  container,
  healthy,
  type PlanContext,
  randomSecret,
  resourcesOf,
  tmp,
  toGiB,
} from "../define.ts";
import { environmentFile, withEnvironment } from "../groups/environment-file.ts";
import { toVariables } from "../groups/hub-file.ts";
import { labelStudioPath, labelStudioUrl } from "../groups/label-studio-address.ts";
import {
  declaredDatabase,
  libpqVariables,
  postgresCaFiles,
  postgresSslMode,
  postgresWire,
} from "../groups/postgres-client.ts";
import { pythonTrustVariables, routeWire, trustFiles } from "../groups/public-address.ts";
import type { Container, Route, Text } from "../model.ts";
import { endpoint, secret } from "../text.ts";
import { hubRules } from "../../values/rules/csghub-server-rules.ts";
import { labelStudioRules } from "../../values/rules/label-studio-rules.ts";

const port = 8002;
const database = "csghub_label_studio";
const dataDir = "/label-studio/data";
const secretsPath = "/run/slipway/label-studio.env";
const signingKey = randomSecret("label-studio", "key that signs the sessions of people on the labelling pages");

/** Pages on which people label data, to which the data processing leads them. */
export const labelStudio: ComponentDefinition = {
  id: "label-studio",
  section: {
    key: "labelStudio",
    leastMemory: 384,
    image: "label-studio",
    keepsData: true,
    rules: [...hubRules("labelStudio"), ...labelStudioRules],
  },
  profiles: [],
  databases: ({ labelStudio: { mode } }) =>
    mode === "off"
      ? []
      : [{ name: database, owner: database, secret: "pg-label-studio", usedBy: ["label-studio"], extensions: [] }],
  build(context) {
    const values = context.values.labelStudio;
    const component = {
      id: "label-studio",
      title: { en: "Label Studio", zh: "数据标注" },
      purpose: { en: "Pages on which people label data", zh: "数据标注页面" },
      zone: "app" as const,
    };
    if (values.mode === "off") return { component: absentComponent(component) };
    return {
      component: {
        ...component,
        presence: "embedded",
        endpoints: [{ id: "http", port, protocol: "http", tls: false }],
        // It fetches datasets from the hub by the name that people use.
        reaches: ["gateway.main", "postgres.sql"],
        workload: {
          container: server(context),
          replicas: values.replicas,
          update: "recreate",
          stopSeconds: 20,
          health: { ready, live: { kind: "tcp", port }, startSeconds: 300 },
        },
        volumes: [{ name: "data", sizeGiB: toGiB(values.storage.size), dataClass: "backup" }],
        needs: [completed("postgres-databases"), healthy("postgres", { ifPresent: true })],
      },
      secrets: [signingKey],
      routes,
      wires: [
        postgresWire(context, database),
        routeWire(context, "label-studio", {
          path: `${labelStudioPath}/health/`,
          expectation: "the labelling pages answer",
          expect: { expectStatus: 200 },
        }),
      ],
    };
  },
};

/** It makes its own tables when it starts, and does not answer before. */
const ready = {
  kind: "exec",
  command: ["curl", "-sS", "--fail", "-o", "/dev/null", "--max-time", "4", `http://127.0.0.1:${port}/health/`],
} as const;

const routes: readonly Route[] = [
  {
    id: "label-studio",
    listener: "main",
    match: { kind: "prefix", path: `${labelStudioPath}/` },
    action: {
      kind: "proxy",
      to: "label-studio.http",
      timeoutSeconds: 300,
      rewrite: "/",
      streaming: true,
      pages: { compress: true, ownCookies: true, ownFrames: true },
    },
  },
];

function server(context: PlanContext): Container {
  const values = context.values.labelStudio;
  return container(
    {
      image: context.image("label-studio", values.image),
      uid: 10_023,
      ...withEnvironment(secretsPath, "exec label-studio"),
      resources: resourcesOf(values.resources),
      mounts: [{ volume: "data", path: dataDir }],
      // Beside what it keeps, it writes a log next to its program; the same lines go to its output.
      scratch: [tmp(256), { path: "/label-studio/log", sizeMiB: 64 }],
      env: toVariables(settings(context)),
      files: [
        environmentFile(secretsPath, {
          POSTGRE_PASSWORD: [secret(declaredDatabase(context, database).secret, { as: "shell" })],
          SECRET_KEY: [secret(signingKey.name)],
        }),
        ...postgresCaFiles(context),
        ...trustFiles(context),
      ],
    },
    values,
  );
}

function settings(context: PlanContext): Readonly<Record<string, string | Text>> {
  return {
    CSGHUB_ENDPOINT: context.addressing.mainUrl,
    LABEL_STUDIO_HOST: labelStudioUrl(context),
    LABEL_STUDIO_PORT: String(port),
    LABEL_STUDIO_BASE_DATA_DIR: dataDir,
    // People come from the hub.
    LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK: "true",
    DJANGO_DB: "default",
    JSON_LOG: "1",
    POSTGRE_HOST: [endpoint("postgres.sql", "host")],
    POSTGRE_PORT: [endpoint("postgres.sql", "port")],
    POSTGRE_NAME: database,
    POSTGRE_USER: declaredDatabase(context, database).owner,
    SSLMODE: postgresSslMode(context),
    ...libpqVariables(context),
    ...pythonTrustVariables(context),
    // Reports of errors and use, and questions for newer versions, by default go to its makers.
    COLLECT_ANALYTICS: "false",
    SENTRY_DSN: "",
    FRONTEND_SENTRY_DSN: "",
    LATEST_VERSION_CHECK: "false",
    HOME: "/tmp",
    PYTHONDONTWRITEBYTECODE: "1",
  };
}
