/** One program beside the hub that processes or labels data: what is particular to it, read in its public source. */
export interface DataTool {
  readonly name: string;
  /** Words of its command line. */
  readonly words: readonly string[];
  readonly port: string;
  /** Directories that it writes to. */
  readonly writes: readonly string[];
  /** Names of the variables with its database. */
  readonly database: Readonly<Record<"host" | "port" | "database" | "user" | "password", string>>;
  /** What it must be told, and the form of it; by default it looks for places of its makers, or makes a secret of its own. */
  readonly required: Readonly<Record<string, Form>>;
  /** Variables with an address that it asks, and the path that answers there. */
  readonly asks: Readonly<Record<string, string>>;
  /** A path that it answers once it serves. */
  readonly answers: string;
}

/** A URL without a slash at its end, a port, one of some words, an absolute path, a key of some length, any text, or none. */
export type Form = "url" | "port" | "path" | "key" | "text" | "empty" | readonly string[];

const models = "/api/v1/models?page=1&per=1";
const pythonWords = ["True", "False"];
const off = ["false"];

export const dataflow: DataTool = {
  name: "dataflow",
  words: ["data_server.main:app", "--host", "0.0.0.0", "--port", "8000"],
  port: "API_PORT",
  writes: ["/data/dataflow", "/dataflow/runtime_logs", "/tmp"],
  database: {
    host: "DATABASE_HOSTNAME",
    port: "DATABASE_PORT",
    database: "DATABASE_DB",
    user: "DATABASE_USERNAME",
    password: "DATABASE_PASSWORD",
  },
  required: {
    CSGHUB_ENDPOINT: "url",
    STUDIO_JUMP_URL: "url",
    DATA_DIR: ["/data/dataflow"],
    API_PORT: "port",
    MAX_WORKERS: "text",
    RAY_ENABLE: pythonWords,
    ENABLE_OPENTELEMETRY: pythonWords,
    // By default a public address of its makers.
    MINERU_API_URL: "url",
    CSGHUB_DATAFLOW_TEMPLATE_IMAGE: "text",
    HOME: "path",
  },
  asks: { CSGHUB_ENDPOINT: models, STUDIO_JUMP_URL: "/health/" },
  answers: "/openapi.json",
};

export const labelStudio: DataTool = {
  name: "label-studio",
  words: [],
  port: "LABEL_STUDIO_PORT",
  writes: ["/label-studio/data", "/label-studio/log", "/tmp"],
  database: {
    host: "POSTGRE_HOST",
    port: "POSTGRE_PORT",
    database: "POSTGRE_NAME",
    user: "POSTGRE_USER",
    password: "POSTGRE_PASSWORD",
  },
  required: {
    CSGHUB_ENDPOINT: "url",
    LABEL_STUDIO_HOST: "url",
    LABEL_STUDIO_PORT: "port",
    LABEL_STUDIO_BASE_DATA_DIR: ["/label-studio/data"],
    LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK: ["true"],
    DJANGO_DB: ["default"],
    SECRET_KEY: "key",
    COLLECT_ANALYTICS: off,
    LATEST_VERSION_CHECK: off,
    SENTRY_DSN: "empty",
    FRONTEND_SENTRY_DSN: "empty",
    HOME: "path",
  },
  asks: { CSGHUB_ENDPOINT: models, LABEL_STUDIO_HOST: "/health/" },
  answers: "/health/",
};
