import { completed, type JobDraft, type PlanContext } from "../define.ts";
import { signInCheck, signInLimit, signInState } from "../groups/casdoor-client.ts";
import { gitSsh } from "../groups/git-ssh.ts";
import { hubComponent, hubJob } from "../groups/hub-program.ts";
import { hubPorts } from "../groups/hub-file.ts";
import { hubApiToken, hubDatabase, hubS3Key as s3Key } from "../groups/hub-settings.ts";
import { ownerLogin, postgresCaFiles } from "../groups/postgres-client.ts";
import { redisNeeds } from "../groups/redis-client.ts";
import { routeWire } from "../groups/public-address.ts";
import { s3AccessKey, s3SecretName } from "../groups/s3-client.ts";
import { toolboxJob } from "../groups/toolbox-job.ts";
import type { Route, Wire } from "../model.ts";
import { endpoint, secret } from "../text.ts";

/** A list that the hub reads from its database, for everybody. */
const modelsPath = "/api/v1/models?page=1&per=1";

/** The hub's API and Git over HTTP. */
export const server = hubComponent({
  id: "csghub-server",
  key: "server",
  aliases: ["csghub", "hub"],
  title: { en: "CSGHub server", zh: "CSGHub 服务" },
  purpose: { en: "Models, datasets and code: the API and Git over HTTP", zh: "模型、数据集与代码：接口与 Git（HTTP）" },
  leastMemory: 128,
  growth: { memoryPerUser: 8 },
  scratchMiB: 512,
  command: ["start", "server"],
  port: hubPorts.server,
  // Its own health check stays well without the database.
  readyPath: modelsPath,
  uses: ["redis", "nats", "temporal", "gitaly", "objects", "signIn"],
  more: (context) => ({
    jobs: [migrationJob(context), seedJob(context)],
    // Whoever signs in first as root is only made an administrator where the seed stands.
    beforeOpening: [completed("csghub-seed")],
    routes,
    insideKeys: [hubApiToken.name],
    wires: wires(context),
  }),
});

/** Longest time that a request to the API may take, as upstream has it; transfers of repositories take longer. */
const apiSeconds = 300;
const gitSeconds = 3600;

const toServer = { kind: "proxy", to: "csghub-server.http", streaming: true } as const;

const routes: readonly Route[] = [
  {
    id: "hub-callbacks",
    listener: "main",
    match: { kind: "regex", path: "^/api/[^/]+/callback(/|$)" },
    action: { kind: "deny", status: 404 },
  },
  {
    id: "hub-sign-in",
    listener: "main",
    match: { kind: "exact", path: "/api/v1/callback/casdoor" },
    // A sign-in that did not begin here does not end here.
    action: {
      ...toServer,
      timeoutSeconds: 60,
      limit: signInLimit,
      query: [{ name: "code" }, { name: "state", value: signInState }],
    },
  },
  {
    id: "hub-git",
    listener: "main",
    match: { kind: "regex", path: "[.]git(/|$)" },
    action: { ...toServer, timeoutSeconds: gitSeconds },
  },
  {
    id: "hub-clients",
    listener: "main",
    match: { kind: "regex", path: "^/(hf|csg|ms)(/|$)" },
    action: { ...toServer, timeoutSeconds: gitSeconds },
  },
  {
    id: "hub-api",
    listener: "main",
    match: { kind: "prefix", path: "/api/" },
    action: { ...toServer, timeoutSeconds: apiSeconds },
  },
];

/** The tables, before any program starts: a server that finds them old has 20 seconds to change them, and would be cut off. */
function migrationJob(context: PlanContext): JobDraft {
  return hubJob(context, {
    id: "csghub-migration",
    component: "csghub-server",
    title: "Bring the hub's tables up to date",
    makes: ["tables in csghub_server"],
    outlastsSecrets: true,
    deadlineSeconds: 3600,
    commands: [
      ["migration", "init"],
      ["migration", "migrate"],
    ],
    // It takes its turn by a lock in Redis that lasts a minute. Tables take longer on a slow machine or a large database; then all is done, and
    // it fails on giving the lock back. What is done is recorded table by table, so that the second time finds nothing to do.
    again: true,
    uses: ["platform", "offline", "redis", "database"],
    needs: [completed("postgres-databases"), ...redisNeeds],
  });
}

function seedJob(context: PlanContext): JobDraft {
  return toolboxJob(context, {
    id: "csghub-seed",
    component: "csghub-server",
    title: "Make root the hub's administrator",
    makes: ["trigger on the table users of csghub_server"],
    needs: [completed("csghub-migration")],
    outlastsSecrets: true,
    files: postgresCaFiles(context),
    document: {
      kind: "sql-steps",
      database: ownerLogin(context, hubDatabase),
      steps: [{ id: "root-is-administrator", statements: rootIsAdministrator }],
    },
  });
}

/** Nothing that Casdoor says of a person makes them an administrator of the hub; this column of its own does. */
const rootIsAdministrator = [
  `CREATE OR REPLACE FUNCTION slipway_root_is_administrator() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.username = 'root' THEN NEW.role_mask := 'admin'; END IF;
  RETURN NEW;
END $$`,
  `CREATE OR REPLACE TRIGGER slipway_root_is_administrator BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION slipway_root_is_administrator()`,
  `UPDATE users SET role_mask = 'admin' WHERE username = 'root' AND role_mask IS DISTINCT FROM 'admin'`,
];

function wires(context: PlanContext): readonly Wire[] {
  const route = (id: string, path: string, expectation: string, expectStatus: number): Wire =>
    routeWire(context, id, { path, expectation, expect: { expectStatus } });
  return [
    route("hub-api", modelsPath, "the hub lists models, which it reads from its database", 200),
    route("hub-token", "/api/v1/user/root/tokens", "the hub asks who one is", 401),
    route(
      "hub-state",
      "/api/v1/callback/casdoor?code=none&state=http://elsewhere.invalid",
      "a sign-in that leads elsewhere is refused",
      403,
    ),
    ...journey(context),
    routeWire(context, "hub-inside-token", {
      path: modelsPath,
      expectation: "the token of the hub's programs opens nothing from outside",
      expect: { token: secret(hubApiToken.name), expectStatus: 403 },
    }),
    route("hub-metrics", "/metrics", "the hub's metrics are not reachable from outside", 404),
  ];
}

/** A person's way through the hub, where somebody can be added to sign in. */
function journey(context: PlanContext): readonly Wire[] {
  const check = signInCheck(context);
  const ssh = gitSsh(context);
  const { region, buckets } = context.values.objectStore;
  if (check === undefined) return [];
  return [
    {
      id: "hub-journey",
      from: "browser",
      to: "gateway.main",
      expectation: "a person signs in, makes, pushes, reads and deletes a private model",
      journey: true,
      check: {
        kind: "hub-journey",
        ...check,
        hubUrl: context.addressing.mainUrl,
        state: signInState,
        hubDatabase: ownerLogin(context, hubDatabase),
        objects: {
          endpoint: endpoint("minio.s3", "url"),
          region,
          accessKey: s3AccessKey(context, s3Key),
          secretKey: secret(s3SecretName(context, s3Key)),
          bucket: buckets.server,
        },
        ...(ssh === undefined ? {} : { ssh }),
        ...(context.values.dataviewer.mode === "off" ? {} : { previews: true }),
      },
    },
  ];
}
