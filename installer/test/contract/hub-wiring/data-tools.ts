/**
 * What the programs beside the hub are told, name by name. By hand, after their public source and the vendor's chart. A row that only the chart
 * has, and nothing in the source reads, is marked: `read: "unknown"`.
 */
export interface DataToolRow {
  readonly component: "csghub-dataflow" | "label-studio";
  readonly variable: string;
  /** On a platform at `platform.example.org` with TLS; secrets as placeholders. */
  readonly value: string;
  readonly from: string;
  /** It stands in the file that the shell of the image reads, and in no description of the container. */
  readonly secret?: true;
  readonly read: "by its source" | "by libpq" | "by Python's libraries" | "unknown";
  /** Who must have been told the same: component or job, file, and what stands there. */
  readonly equals?: readonly (readonly [unit: string, path: string, text: string])[];
}

const source = "by its source" as const;
const url = "https://platform.example.org";
const inside = "address inside";
const databases = "/run/slipway/document.json";

type Rest = Partial<DataToolRow> & Pick<DataToolRow, "value" | "from">;
const rowsOf = (component: DataToolRow["component"], rows: Readonly<Record<string, Rest>>): readonly DataToolRow[] =>
  Object.entries(rows).map(([variable, rest]) => ({ component, variable, read: source, ...rest }));

const shared: Readonly<Record<string, Rest>> = {
  CSGHUB_ENDPOINT: { value: url, from: "public address of the hub" },
  PGSSLMODE: { value: "disable", from: "TLS of the database", read: "by libpq" },
  SSL_CERT_FILE: { value: "/run/slipway/ca.crt", from: "fixed", read: "by Python's libraries" },
  REQUESTS_CA_BUNDLE: { value: "/run/slipway/ca.crt", from: "fixed", read: "by Python's libraries" },
  HOME: { value: "/tmp", from: "fixed", read: "by Python's libraries" },
  PYTHONDONTWRITEBYTECODE: { value: "1", from: "fixed", read: "by Python's libraries" },
};

export const dataToolContract: readonly DataToolRow[] = [
  ...rowsOf("csghub-dataflow", {
    ...shared,
    STUDIO_JUMP_URL: { value: `${url}/-/label-studio`, from: "public address of the labelling pages" },
    CSGHUB_DATAFLOW_TEMPLATE_IMAGE: {
      value: "opencsghq/dataflow:v2.4.0-argo",
      from: "the version of the hub",
    },
    API_SERVER: { value: "0.0.0.0", from: "fixed" },
    API_PORT: { value: "8000", from: "port, the same that the hub is told" },
    DATA_DIR: { value: "/data/dataflow", from: "fixed" },
    MAX_WORKERS: { value: "99", from: "fixed, as upstream" },
    RAY_ENABLE: { value: "False", from: "fixed" },
    RAY_ADDRESS: { value: "auto", from: "fixed, as upstream" },
    RAY_LOG_DIR: { value: "/home/output", from: "fixed, as upstream" },
    ENABLE_OPENTELEMETRY: { value: "False", from: "fixed" },
    MINERU_API_URL: { value: "http://127.0.0.1:9", from: "nowhere: nothing leaves the platform" },
    DATABASE_HOSTNAME: { value: "postgres", from: inside },
    DATABASE_PORT: { value: "5432", from: inside },
    DATABASE_DB: { value: "csghub_dataflow", from: "the database of its own" },
    DATABASE_USERNAME: { value: "csghub_dataflow", from: "the role of its own" },
    DATABASE_PASSWORD: {
      value: "${secret:pg-dataflow|shell}",
      from: "secret of this install",
      secret: true,
      equals: [["postgres-databases", databases, '"password": "${secret:pg-dataflow|quoted}"']],
    },
  }),
  ...rowsOf("label-studio", {
    ...shared,
    LABEL_STUDIO_HOST: { value: `${url}/-/label-studio`, from: "public address of the labelling pages" },
    LABEL_STUDIO_PORT: { value: "8002", from: "fixed" },
    LABEL_STUDIO_BASE_DATA_DIR: { value: "/label-studio/data", from: "fixed" },
    LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK: { value: "true", from: "fixed" },
    DJANGO_DB: { value: "default", from: "fixed, as upstream" },
    JSON_LOG: { value: "1", from: "fixed, as upstream" },
    POSTGRE_HOST: { value: "postgres", from: inside },
    POSTGRE_PORT: { value: "5432", from: inside },
    POSTGRE_NAME: { value: "csghub_label_studio", from: "the database of its own" },
    POSTGRE_USER: { value: "csghub_label_studio", from: "the role of its own" },
    POSTGRE_PASSWORD: {
      value: "${secret:pg-label-studio|shell}",
      from: "secret of this install",
      secret: true,
      equals: [["postgres-databases", databases, '"password": "${secret:pg-label-studio|quoted}"']],
    },
    SSLMODE: { value: "disable", from: "TLS of the database", read: "unknown" },
    SECRET_KEY: { value: "${secret:label-studio}", from: "secret of this install", secret: true },
    COLLECT_ANALYTICS: { value: "false", from: "nowhere: nothing leaves the platform" },
    SENTRY_DSN: { value: "", from: "nowhere: nothing leaves the platform" },
    FRONTEND_SENTRY_DSN: { value: "", from: "nowhere: nothing leaves the platform" },
    LATEST_VERSION_CHECK: { value: "false", from: "nowhere: nothing leaves the platform" },
  }),
];

/** What no public source says, and only the vendor's images can show. */
export const unknownOfDataTools: readonly string[] = [
  "whether the image dataflow:v2.4.0-api has its program in /dataflow, as its public Dockerfile says: its logs are kept there",
  "whether both images run as another user than theirs: their public files may be read by everybody",
];
