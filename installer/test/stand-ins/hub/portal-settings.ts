import type { Setting, Use } from "./settings.ts";

/** What the stand-in reads of the portal's configuration: names, kinds and defaults of csghub-portal 2.4.0 (`config/config.go`). */
export const portalSettings: readonly Setting[] = [
  row("SERVER_PORT", "port", "8090", "platform"),
  row("ENABLE_HTTPS", "flag", "true", "platform"),
  row("ON_PREMISE", "flag", "true", "platform"),
  row("SENSITIVE_CHECK", "flag", "false", "platform"),
  row("APP_ENV", "text", "development", "platform"),
  row("STARHUB_BASE_URL", "text", "http://localhost:8080", "platform"),
  row("AI_GATEWAY_HOST", "text", "", "platform"),
  known(
    "STARHUB_API_KEY",
    "0c11e6e4f2054444374ba3f0b70de4145935a7312289d404814cd5907c6aa93cc65cd35dbf94e04c13a3dedbf51f1694de84240c8acb7238b54a2c3ac8e87c59",
    "platform",
  ),
  known(
    "LOGIN_URL",
    "http://60.205.228.141:8000/login/oauth/authorize?client_id=4ba65e712c5dabca3e48&response_type=code&redirect_uri=http://localhost:8080/api/v1/callback/casdoor&scope=read&state=casdoor",
    "signIn",
  ),
  known("DATABASE_DSN", "postgresql://postgres:postgres@localhost:5432/starhub_portal?sslmode=disable", "database"),
  ...objects("S3"),
  ...objects("PRIVATE_S3"),
];

function objects(prefix: string): readonly Setting[] {
  return [
    row(`${prefix}_ENABLE_SSL`, "flag", "false", "objects"),
    row(`${prefix}_ENDPOINT`, "text", "localhost:9000", "objects"),
    row(`${prefix}_REGION`, "text", "", "objects"),
    row(`${prefix}_BUCKET`, "text", "", "objects"),
    known(`${prefix}_ACCESS_KEY_ID`, "", "objects"),
    known(`${prefix}_ACCESS_KEY_SECRET`, "", "objects"),
  ];
}

function row(name: string, kind: Setting["kind"], fallback: string, use: Use): Setting {
  return { env: `CSGHUB_PORTAL_${name}`, kind, fallback, use };
}

function known(name: string, fallback: string, use: Use): Setting {
  return { ...row(name, "text", fallback, use), known: true };
}
