import type { Setting } from "./settings.ts";

/**
 * What the stand-in reads of the hub's configuration: names, kinds and defaults of csghub-server 2.4.0 (`common/config/config.go`), and under
 * which use of a program each falls.
 */
export const serverSettings: readonly Setting[] = [
  {
    env: "STARHUB_SERVER_API_TOKEN",
    field: "APIToken",
    kind: "text",
    fallback:
      "f3a7b9c1d6e5f8e2a1b5d4f9e6a2b8d7c3a4e2b1d9f6e7a8d2c5a7b4c1e3f5b8a1d4f9b7d6e2f8a5d3b1e7f9c6a8b2d1e4f7d5b6e9f2a4b3c8e1d7f995hd82hf",
    use: "platform",
    known: true,
  },
  secret("STARHUB_JWT_SIGNING_KEY", "JWT.SigningKey", "signing-key", "platform"),
  secret(
    "OPENCSG_CREDENTIAL_MASTER_KEY_BASE64",
    "Credential.MasterKeyBase64",
    "b3BlbmNzZy1jcmVkZW50aWFsLWRldi1rZXktMDAwMDE=",
    "platform",
  ),
  secret(
    "OPENCSG_CREDENTIAL_RUNTIME_SESSION_SIGNING_KEY",
    "Credential.RuntimeSessionSigningKey",
    "credential-runtime-signing-key",
    "platform",
  ),
  secret("STARHUB_SERVER_MIRROR_SESSION_SECRET_KEY", "Mirror.SessionSecretKey", "mirror", "platform"),
  flag("STARHUB_SERVER_SAAS", "Saas", "false", "platform"),
  flag("STARHUB_SERVER_ENABLE_HTTPS", "EnableHTTPS", "false", "platform"),
  text("STARHUB_SERVER_PUBLIC_DOMAIN", "APIServer.PublicDomain", "http://localhost:8080", "platform"),
  text(
    "STARHUB_SERVER_FAIL_REDIRECT_URL",
    "ServerFailureRedirectURL",
    "http://localhost:3000/errors/server-error",
    "platform",
  ),
  flag("STARHUB_SERVER_SENSITIVE_CHECK_ENABLE", "SensitiveCheck.Enable", "false", "platform"),
  flag("STARHUB_SERVER_TELEMETRY_ENABLE", "Telemetry.Enable", "true", "platform"),
  flag("STARHUB_SERVER_MULTI_SYNC_ENABLED", "MultiSync.Enabled", "false", "platform"),
  flag("STARHUB_SERVER_MIRRORSERVER_ENABLE", "MirrorServer.Enable", "true", "platform"),
  flag("OPENCSG_ACCOUNTING_CHARGING_ENABLE", "Accounting.ChargingEnable", "false", "platform"),
  flag("OPENCSG_AIGATEWAY_LLMLOG_ENABLE", "AIGateway.EnableLLMLog", "true", "platform"),
  flag("OPENCSG_AIGATEWAY_LLM_TRACE_ENABLE", "AIGateway.EnableLLMTrace", "true", "platform"),
  flag("OPENCSG_TRACING_OTLP_LOGGING", "Instrumentation.OTLPLogging", "false", "platform"),
  number("OPENCSG_MEMORY_SERVER_PORT", "Memory.Port", "8080", "platform"),
  text("STARHUB_SERVER_MAILER_HOST", "Notification.MailerHost", "smtp.qiye.aliyun.com", "platform"),
  number("STARHUB_SERVER_MAILER_PORT", "Notification.MailerPort", "465", "platform"),
  text("STARHUB_SERVER_MAILER_USERNAME", "Notification.MailerUsername", "", "platform"),
  text("STARHUB_SERVER_MAILER_PASSWORD", "Notification.MailerPassword", "", "platform"),

  secret(
    "STARHUB_DATABASE_DSN",
    "Database.DSN",
    "postgresql://postgres:postgres@localhost:5432/starhub_server?sslmode=disable",
    "database",
  ),

  text("STARHUB_SERVER_REDIS_ENDPOINT", "Redis.Endpoint", "localhost:6379", "redis"),
  text("STARHUB_SERVER_REDIS_USER", "Redis.User", "", "redis"),
  text("STARHUB_SERVER_REDIS_PASSWORD", "Redis.Password", "", "redis"),

  secret("OPENCSG_ACCOUNTING_NATS_URL", "Nats.URL", "nats://account:g98dc5FA8v4J7ck90w@natsmaster:4222", "nats"),
  number("OPENCSG_ACCOUNTING_MSG_FETCH_TIMEOUTINSEC", "Nats.MsgFetchTimeoutInSEC", "5", "nats"),

  text("OPENCSG_WORKFLOW_SERVER_ENDPOINT", "WorkFLow.Endpoint", "localhost:7233", "temporal"),

  text("STARHUB_SERVER_GITALY_SERVER_SOCKET", "GitalyServer.Address", "tcp://localhost:9999", "gitaly"),
  text("STARHUB_SERVER_GITALY_STORAGE", "GitalyServer.Storage", "default", "gitaly"),
  secret("STARHUB_SERVER_GITALY_TOKEN", "GitalyServer.Token", "abc123secret", "gitaly"),
  secret("STARHUB_SERVER_GITALY_JWT_SECRET", "GitalyServer.JWTSecret", "signing-key", "gitaly"),
  secret("STARHUB_SERVER_GIT_SIGNATURE_SECRET_KEY", "Git.SignatureSecertKey", "git-secret", "gitaly"),
  number("STARHUB_SERVER_GIT_OPERATION_TIMEOUT", "Git.OperationTimeout", "10", "gitaly"),
  number("STARHUB_SERVER_GIT_MAX_UN_LFS_FILE_SIZE", "Git.MaxUnLfsFileSize", "20971520", "gitaly"),
  flag("STARHUB_SERVER_CHECK_FILE_SIZE_ENABLED", "Git.CheckFileSizeEnabled", "true", "gitaly"),
  flag("STARHUB_SERVER_SKIP_LFS_FILE_VALIDATION", "Git.SkipLfsFileValidation", "false", "gitaly"),

  text("STARHUB_SERVER_S3_ENDPOINT", "S3.Endpoint", "localhost:9000", "objects"),
  flag("STARHUB_SERVER_S3_ENABLE_SSL", "S3.EnableSSL", "false", "objects"),
  text("STARHUB_SERVER_S3_REGION", "S3.Region", "", "objects"),
  text("STARHUB_SERVER_S3_BUCKET", "S3.Bucket", "opencsg-test", "objects"),
  text("STARHUB_SERVER_S3_BUCKET_LOOKUP", "S3.BucketLookup", "auto", "objects"),
  secret("STARHUB_SERVER_S3_ACCESS_KEY_ID", "S3.AccessKeyID", "", "objects"),
  secret("STARHUB_SERVER_S3_ACCESS_KEY_SECRET", "S3.AccessKeySecret", "", "objects"),

  secret("STARHUB_SERVER_CASDOOR_CLIENT_ID", "Casdoor.ClientID", "client_id", "signIn"),
  secret("STARHUB_SERVER_CASDOOR_CLIENT_SECRET", "Casdoor.ClientSecret", "client_secret", "signIn"),
  text("STARHUB_SERVER_CASDOOR_ENDPOINT", "Casdoor.Endpoint", "http://localhost:80", "signIn"),
  text("STARHUB_SERVER_CASDOOR_CERTIFICATE", "Casdoor.Certificate", "/etc/casdoor/certificate.pem", "signIn"),
  text("STARHUB_SERVER_CASDOOR_ORGANIZATION_NAME", "Casdoor.OrganizationName", "opencsg", "signIn"),
  text("STARHUB_SERVER_CASDOOR_APPLICATION_NAME", "Casdoor.ApplicationName", "opencsg", "signIn"),
  text(
    "OPENCSG_USER_SERVER_SIGNIN_SUCCESS_REDIRECT_URL",
    "User.SigninSuccessRedirectURL",
    "http://localhost:3000/server/callback",
    "signIn",
  ),

  secret("STARHUB_SERVER_SPACE_SESSION_SECRET_KEY", "Space.SessionSecretKey", "secret", "session"),
  secret("OPENCSG_AIGATEWAY_RESPONSES_ID_SECRET", "AIGateway.ResponsesIDSecret", "responses-id-secret", "answers"),
  text("OPENCSG_AIGATEWAY_PUBLIC_URL", "AIGateway.PublicAIGatewayURL", "", "answers"),

  text("OPENCSG_DATAVIEWER_CACHE_DIR", "DataViewer.CacheDir", "/tmp/opencsg", "platform"),

  port("STARHUB_SERVER_SERVER_PORT", "APIServer.Port", "8080"),
  port("STARHUB_SERVER_SPACE_RPROXY_SERVER_PORT", "Space.RProxyServerPort", "8083"),
  port("STARHUB_SERVER_REPO_SYNC_PORT", "RepoSync.Port", "8091"),
  port("OPENCSG_AIGATEWAY_PORT", "AIGateway.Port", "8094"),
  ...peer("OPENCSG_ACCOUNTING_SERVER", "Accounting", "8086"),
  ...peer("OPENCSG_USER_SERVER", "User", "8088"),
  ...peer("OPENCSG_MODERATION_SERVER", "Moderation", "8089"),
  ...peer("OPENCSG_DATAVIEWER_SERVER", "DataViewer", "8093"),
  ...peer("OPENCSG_DATAFLOW_SERVER", "Dataflow", "8000", "http://127.0.0.1"),
  ...peer("STARHUB_SERVER_NOTIFIER", "Notification", "8095"),
  ...peer("STARHUB_SERVER_LFS_SYNC", "LfsSync", "8092"),
];

/** Programs that others find by `_HOST` and `_PORT`, and what a probe calls them. */
export const peerNames: Readonly<Record<string, string>> = {
  accounting: "OPENCSG_ACCOUNTING_SERVER",
  user: "OPENCSG_USER_SERVER",
  moderation: "OPENCSG_MODERATION_SERVER",
  dataviewer: "OPENCSG_DATAVIEWER_SERVER",
  dataflow: "OPENCSG_DATAFLOW_SERVER",
  notifier: "STARHUB_SERVER_NOTIFIER",
  "lfs-sync": "STARHUB_SERVER_LFS_SYNC",
};

function text(env: string, field: string, fallback: string, use: Setting["use"]): Setting {
  return { env, field, kind: "text", fallback, use };
}

function number(env: string, field: string, fallback: string, use: Setting["use"]): Setting {
  return { env, field, kind: "number", fallback, use };
}

function flag(env: string, field: string, fallback: string, use: Setting["use"]): Setting {
  return { env, field, kind: "flag", fallback, use };
}

function port(env: string, field: string, fallback: string): Setting {
  return { env, field, kind: "port", fallback, use: "peers" };
}

function secret(env: string, field: string, fallback: string, use: Setting["use"]): Setting {
  return { env, field, kind: "text", fallback, use, known: true };
}

function peer(name: string, table: string, number: string, host = "http://localhost"): readonly Setting[] {
  return [text(`${name}_HOST`, `${table}.Host`, host, "peers"), port(`${name}_PORT`, `${table}.Port`, number)];
}
