/** Without what each program of the hub does not start, and without what it does. */
import { describe, expect, it } from "vitest";
import { meetConditions, type Reach } from "./conditions.ts";
import { checkServerForms, checkPortalForms } from "./forms.ts";
import { portalSettings } from "./portal-settings.ts";
import { type Condition, type Program, programs } from "./programs.ts";
import { serverSettings } from "./server-settings.ts";
import { readSettings, type Settings, type Use } from "./settings.ts";
import { hubEnvironment, portalEnvironment } from "./testing/given.ts";

type Thing = Exclude<Condition, "token" | "checks">;

/** Who needs it, as seen at the real programs; `tables` and `home` are stricter. */
const needed: Readonly<Record<Thing, readonly string[]>> = {
  database: programs.map(({ path }) => path),
  tables: ["start server"],
  redis: [
    ...[
      "start server",
      "user launch",
      "mirror repo-sync",
      "mirror lfs-sync",
      "notification launch",
      "aigateway launch",
    ],
    "temporal-worker launch",
  ],
  nats: [
    ...["start server", "start rproxy", "accounting launch", "notification launch", "aigateway launch"],
    "temporal-worker launch",
  ],
  temporal: [
    ...[
      "start server",
      "user launch",
      "mirror repo-sync",
      "mirror lfs-sync",
      "dataviewer launch",
      "notification launch",
    ],
    ...["temporal-worker launch", "moderation launch"],
  ],
  namespace: ["dataviewer launch", "temporal-worker launch"],
  certificate: ["user launch"],
  home: ["dataviewer launch"],
};

const things = Object.keys(needed) as Thing[];

const checkToken = [
  ...[
    "start server",
    "user launch",
    "accounting launch",
    "dataviewer launch",
    "notification launch",
    "aigateway launch",
  ],
  "moderation launch",
];

function settings(changes: Readonly<Record<string, string>> = {}): Settings {
  return readSettings(serverSettings, { ...hubEnvironment, STARHUB_SERVER_SENSITIVE_CHECK_ENABLE: "true", ...changes });
}

function without(absent?: Thing): Reach {
  const reach = (thing: Thing) => () =>
    thing === absent ? Promise.reject(new Error(`no ${thing}`)) : Promise.resolve();
  return {
    database: reach("database"),
    tables: reach("tables"),
    redis: reach("redis"),
    nats: reach("nats"),
    temporal: reach("temporal"),
    namespace: reach("namespace"),
    certificate: reach("certificate"),
    home: reach("home"),
  };
}

function programOf(path: string): Program {
  return programs.find((program) => program.path === path)!;
}

describe.each(programs.map(({ path }) => path))("%s", (path) => {
  it("starts with all it was given", async () => {
    checkServerForms(settings(), programOf(path).uses);
    await expect(meetConditions(programOf(path), settings(), without())).resolves.toBeUndefined();
  });

  it.each(things)("without %s it starts only if it does not need it", async (thing) => {
    const started = meetConditions(programOf(path), settings(), without(thing));
    if (needed[thing].includes(path)) await expect(started).rejects.toThrow(`: no ${thing}`);
    else await expect(started).resolves.toBeUndefined();
  });

  it("with a token of 127 characters it starts only if it does not look", async () => {
    const short = settings({ STARHUB_SERVER_API_TOKEN: "a".repeat(127) });
    const started = meetConditions(programOf(path), short, without());
    if (checkToken.includes(path)) await expect(started).rejects.toThrow("API token length is less than 128");
    else await expect(started).resolves.toBeUndefined();
  });
});

it("moderation panics where checks are off", async () => {
  const off = settings({ STARHUB_SERVER_SENSITIVE_CHECK_ENABLE: "false" });
  await expect(meetConditions(programOf("moderation launch"), off, without())).rejects.toMatchObject({
    message: "SensitiveCheck is not enable",
    panics: true,
  });
});

describe("what is refused before anything is asked", () => {
  it.each(
    serverSettings.filter(({ known }) => known === true).map(({ env, fallback, use }) => [env, fallback, use] as const),
  )("%s as everybody knows it", (env, fallback, use) => {
    expect(() => {
      checkServerForms(settings({ [env]: fallback }), [use]);
    }).toThrow(`${env} is what it is in every installation`);
  });

  it.each<[string, Use, string, string, string]>([
    [
      "an endpoint of S3 with a scheme",
      "objects",
      "STARHUB_SERVER_S3_ENDPOINT",
      "http://s3:9000",
      "fully qualified paths",
    ],
    ["an endpoint of S3 with a path", "objects", "STARHUB_SERVER_S3_ENDPOINT", "s3:9000/x", "fully qualified paths"],
    ["another way to buckets", "objects", "STARHUB_SERVER_S3_BUCKET_LOOKUP", "subdomain", "auto, dns or path"],
    ["Redis without a port", "redis", "STARHUB_SERVER_REDIS_ENDPOINT", "redis", "missing port in address"],
    ["Temporal with a scheme", "temporal", "OPENCSG_WORKFLOW_SERVER_ENDPOINT", "http://t:7233", "too many colons"],
    ["Gitaly without a scheme", "gitaly", "STARHUB_SERVER_GITALY_SERVER_SOCKET", "gitaly:8075", "tcp://host:port"],
    ["NATS by another scheme", "nats", "OPENCSG_ACCOUNTING_NATS_URL", "http://nats:4222", "no URL of NATS"],
    ["a peer without a scheme", "peers", "OPENCSG_USER_SERVER_HOST", "csghub-user", "must be a URL"],
    ["Casdoor without a scheme", "signIn", "STARHUB_SERVER_CASDOOR_ENDPOINT", "casdoor.test", "must be a URL"],
    ["a connection string of another kind", "database", "STARHUB_DATABASE_DSN", "mysql://u:p@h/x", "invalid scheme"],
  ])("%s", (_, use, env, value, message) => {
    expect(() => {
      checkServerForms(settings({ [env]: value }), [use]);
    }).toThrow(message);
  });

  it("a malformed address of what a program does not use is not looked at", () => {
    expect(() => {
      checkServerForms(settings({ STARHUB_SERVER_S3_ENDPOINT: "http://s3" }), programOf("user launch").uses);
    }).not.toThrow();
  });

  it.each(portalSettings.filter(({ known }) => known === true).map(({ env, fallback }) => [env, fallback] as const))(
    "%s of the portal as everybody knows it",
    (env, fallback) => {
      const given = readSettings(portalSettings, { ...portalEnvironment, [env]: fallback });
      expect(() => {
        checkPortalForms(given);
      }).toThrow(`${env} is what it is in every installation`);
    },
  );
});
