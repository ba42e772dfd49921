import { editions } from "../../values/editions.ts";
import { completed, healthy, type PlanContext, randomSecret } from "../define.ts";
import type { SecretSlot, SecretSpec, Text, TextPart } from "../model.ts";
import { endpoint, secret, text, textFile } from "../text.ts";
import { casdoorClient } from "./casdoor-client.ts";
import { gitalyLogin } from "./gitaly-client.ts";
import { hubPorts, type HubSettings } from "./hub-file.ts";
import { gitCallbackSecret } from "./hub-internal-api.ts";
import { natsUrl } from "./nats-client.ts";
import { declaredDatabase, postgresCaFiles, postgresTlsQuery } from "./postgres-client.ts";
import { trustFiles, trustVariables } from "./public-address.ts";
import { redisAddress, redisNeeds, redisSecret, redisUser } from "./redis-client.ts";
import { s3AccessKey, s3Addressing, s3PublicPlace, s3SecretName } from "./s3-client.ts";

/** The groups, by what a program works with. */
export type HubUse = keyof typeof hubUses;

/** Nobody answers there: for places outside that a program knows by default and must never ask. */
const nowhere = "http://127.0.0.1:9";

/** Where the certificate lies that sign-ins are checked with. */
const certificatePath = "/starhub-bin/casdoor/tls.crt";

export const hubUses = {
  database,
  platform,
  peers,
  offline,
  redis,
  nats: (context: PlanContext): HubSettings => ({
    file: { "nats.url": natsUrl(context) },
    env: { OPENCSG_ACCOUNTING_MSG_FETCH_TIMEOUTINSEC: "5" },
    needs: [healthy("nats", { ifPresent: true })],
  }),
  temporal: (): HubSettings => ({
    env: { OPENCSG_WORKFLOW_SERVER_ENDPOINT: [endpoint("temporal.grpc", "hostPort")] },
    needs: [completed("temporal-namespace")],
  }),
  gitaly,
  objects,
  signIn,
  session: (): HubSettings => ({
    file: { "space.session_secret_key": [secret(sessionKey.name)] },
    secrets: [sessionKey],
  }),
} as const satisfies Readonly<Record<string, (context: PlanContext) => HubSettings>>;

/** The platform's token: whoever has it acts as anybody. The hub refuses to start with one of fewer than 128 characters. */
export const hubApiToken: SecretSpec = {
  name: "hub-api-token",
  description: "token with which the hub's programs know one another; it opens everything",
  generator: { kind: "random", bytes: 64, encoding: "hex" },
};
const tokenKey = randomSecret("hub-jwt", "key that signs the hub's own tokens of signed-in people");
const sessionKey = randomSecret("hub-session", "key of the sessions of people in applications");
const credentialKey: SecretSpec = {
  ...randomSecret("hub-credentials", "key that the hub encrypts credentials of its users with"),
  rotation: {
    kind: "kept",
    reason: "what people entrusted to the hub is encrypted with it, and nothing encrypts it anew",
    instead: "people enter their credentials again once they have replaced them at their places",
  },
};
const credentialSessionKey = randomSecret("hub-credential-sessions", "key that signs sessions of these credentials");
const mirrorSessionKey = randomSecret("hub-mirror-sessions", "key of the sessions of mirrors");
const largeFileKey = randomSecret("hub-large-files", "key that signs links to large files");

/** Where the hub's programs keep what they know. */
export const hubDatabase = "csghub_server";

/** Connection string of the hub's programs: user and password percent-encoded, or it could not be read. */
export function hubDatabaseUrl(context: PlanContext, database: string): Text {
  const { owner, secret: password } = declaredDatabase(context, database);
  return text`postgresql://${owner}:${secret(password, { as: "url" })}@${endpoint("postgres.sql", "hostPort")}/${database}?${postgresTlsQuery(context)}`;
}

function database(context: PlanContext): HubSettings {
  return {
    file: { "database.dsn": hubDatabaseUrl(context, hubDatabase) },
    files: postgresCaFiles(context),
    needs: [completed("csghub-migration")],
  };
}

/** What the platform is called and what its programs know one another by. */
function platform(context: PlanContext): HubSettings {
  const { values, addressing } = context;
  const { ssh } = values.ports;
  const { mainUrl, domain } = addressing;
  return {
    env: {
      GIN_MODE: "release",
      // The root is read-only, and the user of the container has no home.
      HOME: "/tmp",
      STARHUB_SERVER_SAAS: String(editions[values.edition].saas),
      OPENCSG_ACCOUNTING_CHARGING_ENABLE: "true",
      STARHUB_SERVER_ENABLE_HTTPS: String(addressing.tls !== "off"),
      STARHUB_SERVER_PUBLIC_DOMAIN: mainUrl,
      STARHUB_SERVER_MODEL_DOWNLOAD_ENDPOINT: mainUrl,
      STARHUB_SERVER_FAIL_REDIRECT_URL: `${mainUrl}/errors/server-error`,
      STARHUB_SERVER_SSH_DOMAIN: ssh === 22 ? `git@${domain}` : `ssh://git@${domain}:${ssh}`,
      // Version 2.4 reads the one, later ones the other.
      STARHUB_DATABASE_TIMEZONE: values.timezone,
      STARHUB_SERVER_TIMEZONE: values.timezone,
      STARHUB_SERVER_REPO_SYNC_TIMEZONE: values.timezone,
      // Applications that no cluster has announced an address for; nothing answers there.
      ...appsDomain(context),
      STARHUB_SERVER_INTERNAL_ROOT_DOMAIN: `spaces.app.internal:${hubPorts.rproxy}`,
      ...images(context),
      ...Object.fromEntries(trustVariables(context).map(({ name, value }) => [name, value])),
    },
    file: {
      api_token: [secret(hubApiToken.name)],
      "jwt.signing_key": [secret(tokenKey.name)],
      "credential.master_key_base64": [secret(credentialKey.name, { as: "base64" })],
      "credential.runtime_session_signing_key": [secret(credentialSessionKey.name)],
      "mirror.session_secret_key": [secret(mirrorSessionKey.name)],
    },
    files: trustFiles(context),
    secrets: [hubApiToken, tokenKey, credentialKey, credentialSessionKey, mirrorSessionKey],
  };
}

/** Below which name, and port, applications have names of their own. Without, they are at `/endpoint/` of the hub. */
function appsDomain({ addressing: { apps } }: PlanContext): Readonly<Record<string, string>> {
  if (apps === undefined) return {};
  return { STARHUB_SERVER_PUBLIC_ROOT_DOMAIN: new URL(apps.url).host.replace("*.", "") };
}

/** Where images of models and applications come from, and packages that go into them: by default the vendor's places. */
function images({ values, addressing }: PlanContext): Readonly<Record<string, string>> {
  const base = values.images.registry === "" ? new URL(addressing.mainUrl).host : values.images.registry;
  return {
    STARHUB_SERVER_MODEL_DOCKER_REG_BASE: `${base}/`,
    STARHUB_SERVER_DOCKER_REG_BASE: `${base}/`,
    STARHUB_SERVER_RUNNER_PUBLIC_DOCKER_REG_BASE: base,
    ...(values.server.packageIndex === "" ? {} : { STARHUB_SERVER_SPACE_PYPI_INDEX_URL: values.server.packageIndex }),
  };
}

/** Where the hub's programs find one another. The port is also what each listens on, so all are told all of them. */
function peers(): HubSettings {
  const programs = [
    { id: "accounting", name: "OPENCSG_ACCOUNTING_SERVER" },
    { id: "user", name: "OPENCSG_USER_SERVER" },
    { id: "moderation", name: "OPENCSG_MODERATION_SERVER" },
    { id: "dataviewer", name: "OPENCSG_DATAVIEWER_SERVER" },
    { id: "notifier", name: "STARHUB_SERVER_NOTIFIER" },
    { id: "lfs-sync", name: "STARHUB_SERVER_LFS_SYNC" },
    { id: "dataflow", name: "OPENCSG_DATAFLOW_SERVER" },
  ] as const;
  return {
    env: {
      ...Object.fromEntries(
        programs.flatMap(({ id, name }): [string, Text][] => [
          [`${name}_HOST`, text`http://${endpoint(`csghub-${id}.http`, "host", "127.0.0.1")}`],
          [`${name}_PORT`, [String(hubPorts[id])]],
        ]),
      ),
      STARHUB_SERVER_SERVER_PORT: String(hubPorts.server),
      STARHUB_SERVER_SPACE_RPROXY_SERVER_PORT: String(hubPorts.rproxy),
      STARHUB_SERVER_REPO_SYNC_PORT: String(hubPorts["repo-sync"]),
      OPENCSG_AIGATEWAY_PORT: String(hubPorts.aigateway),
    },
  };
}

/** What the programs know of the vendor's places by default leads nowhere. */
function offline(): HubSettings {
  return {
    env: {
      STARHUB_SERVER_TELEMETRY_ENABLE: "false",
      STARHUB_SERVER_TELEMETRY_URL: nowhere,
      STARHUB_SERVER_MULTI_SYNC_ENABLED: "false",
      // The schedule of this sync runs even when it is off.
      OPENCSG_SAAS_API_DOMAIN: nowhere,
      OPENCSG_SAAS_SYNC_DOMAIN: nowhere,
      STARHUB_SERVER_MIRRORSERVER_ENABLE: "false",
      STARHUB_SERVER_SENSITIVE_CHECK_ENABLE: "false",
      OPENCSG_AIGATEWAY_LLMLOG_ENABLE: "false",
      OPENCSG_AIGATEWAY_LLM_TRACE_ENABLE: "false",
      STARHUB_SERVER_LLMLOG_SYNC_ENABLE: "false",
      OPENCSG_TRACING_OTLP_LOGGING: "false",
      OPENCSG_AGENT_AUTOHUB_SERVICE_HOST: nowhere,
      // It is asked once at each start, whether or not it is switched on.
      OPENCSG_MEMORY_SERVER_HOST: "http://127.0.0.1",
      OPENCSG_MEMORY_SERVER_PORT: "9",
      STARHUB_SERVER_MAILER_HOST: "127.0.0.1",
      // gRPC would ask the DNS server of the host about the name of Temporal at each connection.
      GRPC_ENABLE_TXT_SERVICE_CONFIG: "false",
    },
  };
}

function redis(context: PlanContext): HubSettings {
  const user = redisUser(context);
  return {
    env: {
      STARHUB_SERVER_REDIS_ENDPOINT: [redisAddress(context, "hostPort")],
      ...(user === undefined ? {} : { STARHUB_SERVER_REDIS_USER: user }),
    },
    file: { "redis.password": [secret(redisSecret(context), { as: "quoted" })] },
    needs: redisNeeds,
  };
}

function gitaly(context: PlanContext): HubSettings {
  const { storage, secret: token } = gitalyLogin(context);
  return {
    env: {
      STARHUB_SERVER_GITALY_SERVER_SOCKET: text`tcp://${endpoint("gitaly.grpc", "hostPort")}`,
      STARHUB_SERVER_GITALY_STORAGE: storage,
      STARHUB_SERVER_CHECK_FILE_SIZE_ENABLED: "true",
      STARHUB_SERVER_GIT_OPERATION_TIMEOUT: "120",
      STARHUB_SERVER_GIT_MAX_UN_LFS_FILE_SIZE: "52428800",
      STARHUB_SERVER_SKIP_LFS_FILE_VALIDATION: "true",
    },
    file: {
      "gitaly_server.token": [secret(token, { as: "quoted" })],
      "gitaly_server.jwt_secret": [secret(gitCallbackSecret.name)],
      // Spelt as the hub spells it.
      "git.signature_secert_key": [secret(largeFileKey.name)],
    },
    secrets: [gitCallbackSecret, largeFileKey],
  };
}

/** Key of the hub's programs on the object store. */
export const hubS3Key = "csghub-server";

/** By its public address: links to objects are signed for it, and the hub itself uses the same. */
function objects(context: PlanContext): HubSettings {
  const { region, buckets } = context.values.objectStore;
  const store = s3PublicPlace(context);
  return {
    env: {
      STARHUB_SERVER_S3_ENDPOINT: store.host,
      STARHUB_SERVER_S3_ENABLE_SSL: String(store.secure),
      STARHUB_SERVER_S3_REGION: region,
      STARHUB_SERVER_S3_BUCKET: buckets.server,
      // Never `auto`: the viewer of data sets takes that for something else than the server does.
      STARHUB_SERVER_S3_BUCKET_LOOKUP: s3Addressing(context) === "path" ? "path" : "dns",
      STARHUB_SERVER_S3_ACCESS_KEY_ID: s3AccessKey(context, hubS3Key),
      STARHUB_SERVER_STORAGE_GATEWAY_ENABLE_PRESIGNED_URL_PROXY: "true",
    },
    file: { "s3.access_key_secret": [secret(s3SecretName(context, hubS3Key), { as: "quoted" })] },
    reaches: [store.endpoint],
  };
}

function signIn(context: PlanContext): HubSettings {
  const client = casdoorClient(context);
  if (client === undefined) return {};
  return {
    env: {
      STARHUB_SERVER_CASDOOR_ENDPOINT: client.url,
      STARHUB_SERVER_CASDOOR_CERTIFICATE: certificatePath,
      STARHUB_SERVER_CASDOOR_ORGANIZATION_NAME: client.organization,
      STARHUB_SERVER_CASDOOR_APPLICATION_NAME: client.application,
      OPENCSG_USER_SERVER_SIGNIN_SUCCESS_REDIRECT_URL: `${context.addressing.mainUrl}/server/callback`,
    },
    file: {
      "casdoor.client_id": [quoted(client.clientId)],
      "casdoor.client_secret": [quoted(client.clientSecret)],
    },
    files: [{ path: certificatePath, contents: textFile([client.certificate]) }],
    reaches: context.values.casdoor.mode === "embedded" ? ["gateway.casdoor"] : ["casdoor.http"],
  };
}

function quoted(part: string | SecretSlot): TextPart {
  return typeof part === "string" ? JSON.stringify(part).slice(1, -1) : { ...part, as: "quoted" };
}
