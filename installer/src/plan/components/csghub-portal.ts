import {
  absentComponent,
  completed,
  type ComponentDefinition,
  container,
  copiesOf,
  type JobDraft,
  type PlanContext,
  randomSecret,
  resourcesOf,
  tmp,
} from "../define.ts";
import { casdoorClient, signInCallback, signInState } from "../groups/casdoor-client.ts";
import { environmentFile, withEnvironment } from "../groups/environment-file.ts";
import { hubProfiles } from "../groups/hub-program.ts";
import { hubApiToken, hubDatabaseUrl } from "../groups/hub-settings.ts";
import { postgresCaFiles } from "../groups/postgres-client.ts";
import { routeWire, trustFiles, trustVariables } from "../groups/public-address.ts";
import { s3AccessKey, s3PublicPlace, s3SecretName } from "../groups/s3-client.ts";
import type { Container, EdgeKey, EnvVariable, Probe, Route, Text } from "../model.ts";
import { secret, text } from "../text.ts";
import { editions } from "../../values/editions.ts";
import { editionImageRule, hubRules } from "../../values/rules/csghub-server-rules.ts";

const port = 8090;
const program = "./csghub-portal";
const secretsPath = "/run/slipway/portal.env";
const s3Key = "csghub-portal";

/** The portal calls the hub by its public name, so that what it shows passes the gateway. */
const hubKey = randomSecret("csghub-portal-hub", "key with which the portal asks the hub, for its own requests alone");

/** The requests that it makes with its key, and not with that of the person whose page it is. */
const edgeKey: EdgeKey = {
  id: "csghub-portal",
  shown: hubKey.name,
  becomes: hubApiToken.name,
  opens: [
    "GET /api/v1/jwt/[A-Za-z0-9._-]+",
    "POST /api/v1/jwt/token[?]current_user_uuid=[A-Za-z0-9-]+",
    "GET /api/v1/user/[A-Za-z0-9._-]+([?]type=uuid)?",
    "POST /api/v1/sensitive/image",
    "GET /api/v1/[a-z_]+/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+/(raw|resolve)/[^?]+[?]current_user=[A-Za-z0-9._-]*&ref=[^&]*",
  ],
};

/** The hub's web pages. */
export const portal: ComponentDefinition = {
  id: "csghub-portal",
  section: {
    key: "portal",
    aliases: ["portal"],
    leastMemory: 64,
    growth: { memoryPerUser: 1 },
    image: "csghub-portal",
    rules: [...hubRules("portal"), editionImageRule("portal")],
  },
  profiles: hubProfiles,
  build(context) {
    const values = context.values.portal;
    const component = {
      id: "csghub-portal",
      title: { en: "CSGHub portal", zh: "CSGHub 门户" },
      purpose: { en: "The hub's web pages", zh: "CSGHub 网页" },
      zone: "app" as const,
    };
    if (values.mode === "off") return { component: absentComponent(component) };
    return {
      component: {
        ...component,
        presence: "embedded",
        endpoints: [{ id: "http", port, protocol: "http", tls: false }],
        // It asks the hub, and gives out links to objects, by the names that people use.
        reaches: ["gateway.main", s3PublicPlace(context).endpoint],
        workload: {
          container: run(context, `exec ${program} start server`),
          ...copiesOf(values),
          update: "rolling",
          stopSeconds: 15,
          health: { ready: readyProbe, live: { kind: "tcp", port }, startSeconds: 60 },
        },
        needs: [completed("csghub-portal-migration")],
        links: [{ title: component.title, url: context.addressing.mainUrl }],
      },
      jobs: [migrationJob(context)],
      secrets: [hubApiToken, hubKey],
      routes,
      edgeKeys: [edgeKey],
      wires: [
        routeWire(context, "portal", { path: "/", expectation: "the portal answers", expect: { expectStatus: 200 } }),
        routeWire(context, "portal-key", {
          path: "/api/v1/models?page=1&per=1",
          expectation: "the portal's key opens nothing but what the portal asks",
          expect: { token: secret(hubKey.name), expectStatus: 403 },
        }),
      ],
    };
  },
};

const routes: readonly Route[] = [
  // What it tells monitoring is not for everybody.
  {
    id: "portal-internals",
    listener: "main",
    match: { kind: "regex", path: "^/(metrics|debug)(/|$)" },
    action: { kind: "deny", status: 404 },
  },
  {
    id: "portal",
    listener: "main",
    match: { kind: "prefix", path: "/" },
    action: {
      kind: "proxy",
      to: "csghub-portal.http",
      timeoutSeconds: 120,
      streaming: true,
      pages: { compress: true, ownCookies: true, ownFrames: true },
    },
  },
];

/** Its image has no program that asks over HTTP; bash can. */
const readyProbe: Probe = {
  kind: "exec",
  command: [
    "bash",
    "-c",
    `exec 3<>/dev/tcp/127.0.0.1/${port} && printf 'GET / HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && read -r -t 4 _ status _ <&3 && [ "$status" -lt 500 ]`,
  ],
};

function migrationJob(context: PlanContext): JobDraft {
  return {
    id: "csghub-portal-migration",
    component: "csghub-portal",
    title: "Bring the portal's tables up to date",
    makes: ["tables in csghub_portal"],
    needs: [completed("postgres-databases")],
    trigger: "bring-up",
    outlastsSecrets: true,
    deadlineSeconds: 1800,
    container: run(
      context,
      [`${program} migration init`, `${program} migration migrate`, `${program} db seed`].join("\n"),
    ),
  };
}

/** It reads the environment alone. */
function run(context: PlanContext, script: string): Container {
  const values = context.values.portal;
  return container(
    {
      image: context.image("csghub-portal", values.image),
      uid: 10_021,
      ...withEnvironment(secretsPath, script),
      resources: resourcesOf(values.resources),
      scratch: [tmp(64)],
      env: settings(context),
      files: [
        environmentFile(secretsPath, secretSettings(context)),
        ...postgresCaFiles(context),
        ...trustFiles(context),
      ],
    },
    values,
  );
}

function settings(context: PlanContext): readonly EnvVariable[] {
  const { mainUrl, tls } = context.addressing;
  const { region, buckets } = context.values.objectStore;
  const store = s3PublicPlace(context);
  const objects = (prefix: string, bucket: string): Readonly<Record<string, string>> => ({
    [`${prefix}_ENDPOINT`]: store.host,
    [`${prefix}_ENABLE_SSL`]: String(store.secure),
    [`${prefix}_REGION`]: region,
    [`${prefix}_BUCKET`]: bucket,
    [`${prefix}_ACCESS_KEY_ID`]: s3AccessKey(context, s3Key),
  });
  const env: Readonly<Record<string, string>> = {
    CSGHUB_PORTAL_APP_ENV: "production",
    CSGHUB_PORTAL_SERVER_PORT: String(port),
    CSGHUB_PORTAL_ENABLE_HTTPS: String(tls !== "off"),
    CSGHUB_PORTAL_ON_PREMISE: String(editions[context.values.edition].onPremise),
    CSGHUB_PORTAL_SENSITIVE_CHECK: "false",
    CSGHUB_PORTAL_STARHUB_BASE_URL: mainUrl,
    CSGHUB_PORTAL_AI_GATEWAY_HOST: `${mainUrl}/aigateway`,
    ...objects("CSGHUB_PORTAL_S3", buckets.portalPublic),
    ...objects("CSGHUB_PORTAL_PRIVATE_S3", buckets.portal),
    GIN_MODE: "release",
    HOME: "/tmp",
  };
  return [...Object.keys(env).map((name) => ({ name, value: [env[name] ?? ""] })), ...trustVariables(context)];
}

function secretSettings(context: PlanContext): Readonly<Record<string, Text>> {
  const objectKey = secret(s3SecretName(context, s3Key), { as: "shell" });
  return {
    CSGHUB_PORTAL_STARHUB_API_KEY: [secret(hubKey.name)],
    CSGHUB_PORTAL_DATABASE_DSN: hubDatabaseUrl(context, "csghub_portal"),
    CSGHUB_PORTAL_S3_ACCESS_KEY_SECRET: [objectKey],
    CSGHUB_PORTAL_PRIVATE_S3_ACCESS_KEY_SECRET: [objectKey],
    CSGHUB_PORTAL_LOGIN_URL: loginUrl(context),
  };
}

/** The page on which people sign in, with the id of the hub as Casdoor knows it. */
function loginUrl(context: PlanContext): Text {
  const client = casdoorClient(context);
  if (client === undefined) return [""];
  return text`${client.url}/login/oauth/authorize?client_id=${client.clientId}&response_type=code&redirect_uri=${signInCallback(context)}&scope=read&state=${signInState}`;
}
