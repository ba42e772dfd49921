/** The way of somebody with an account of the company: the hub, Casdoor, the company's provider, and back; without Docker. */
import { readFile, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { LookLine, WireResult } from "../../../toolbox/src/contract.ts";
import { validateJob, validateLook, validateVerify } from "../../../toolbox/src/documents.ts";
import { lookAtServices } from "../../../toolbox/src/look/look.ts";
import { connectPostgres } from "../../../toolbox/src/postgres-client.ts";
import { runJob } from "../../../toolbox/src/run-job.ts";
import { verifyWires } from "../../../toolbox/src/verify-wires.ts";
import { PostgresStore } from "../stand-ins/casdoor/postgres-store.ts";
import {
  type PlatformConfiguration,
  platformConfiguration,
  redisPassword,
} from "../stand-ins/casdoor/testing/platform-configuration.ts";
import { type RedisServer, startRedis } from "../stand-ins/casdoor/testing/redis-server.ts";
import { closeStandIns, pair, started } from "../stand-ins/casdoor/testing/running-stand-in.ts";
import { initialise, migrate, serverMigrations } from "../stand-ins/hub/migrations.ts";
import { dsnOf } from "../stand-ins/hub/reach.ts";
import { serverSettings } from "../stand-ins/hub/server-settings.ts";
import { readSettings } from "../stand-ins/hub/settings.ts";
import { answerCallback } from "../stand-ins/hub/sign-in.ts";
import { hubEnvironment } from "../stand-ins/hub/testing/given.ts";
import type { OpenidProvider, ProviderSettings } from "../stand-ins/openid-provider/provider.ts";
import { Company } from "../stand-ins/openid-provider/testing/company.ts";
import { type SignedIn, signInByProvider } from "../stand-ins/openid-provider/testing/sign-in.ts";
import { type PrivatePostgres, postgresObstacle, startPostgres } from "../support/private-postgres.ts";
import { describeUnless } from "../support/unless.ts";

const obstacle = await postgresObstacle();
const callback = "http://localhost:8000/callback";
const hubClientId = 'casdoor-csghub-id, "quoted"';
const clientSecret = 'openid-provider-client, "quoted"';

describeUnless(obstacle, "sign-in with accounts of the company", () => {
  closeStandIns();

  let postgres: PrivatePostgres;
  let redis: RedisServer;
  let corp: Company;

  beforeAll(async () => {
    postgres = await startPostgres();
    redis = await startRedis(redisPassword);
    corp = await Company.found();
  }, 60_000);

  afterAll(async () => {
    await redis.close();
    await postgres.dispose();
    await corp.dissolve();
  });

  beforeEach(() => postgres.query("drop schema if exists public cascade; create schema public"));

  afterEach(() => corp.closeProviders());

  function company(changes: Partial<ProviderSettings> = {}): Promise<OpenidProvider> {
    return corp.provider({ clientSecret, redirectUris: [callback], ...changes });
  }

  /** What the platform renders; the provider's address, which a container could not reach, is put in afterwards. */
  function rendered(issuer: string, sets: readonly string[] = []): PlatformConfiguration {
    const given = [
      "issuer=https://login.corp.example/realms/corp",
      `clientId=${corp.clientId}`,
      "clientSecretFile=/etc/slipway/client-secret",
      "caFile=/etc/slipway/corp.crt",
    ].map((set) => `casdoor.provider.${set}`);
    const files = platformConfiguration(redis.port, [...given, ...sets]);
    const at = { issuer, discoveryUrl: `${issuer}/.well-known/openid-configuration`, caFile: corp.caFile };
    const provider = { ...(files.bootstrap["provider"] as object), ...at };
    return { ...files, bootstrap: { ...files.bootstrap, provider }, provider: { ...files.provider, ...at } };
  }

  const database = (): Readonly<Record<string, unknown>> => ({
    ...{ host: "127.0.0.1", port: postgres.port, user: "postgres", password: "none needed" },
    ...{ database: "casdoor", tls: "off" },
  });

  async function casdoor({ appConf, initData }: PlatformConfiguration): Promise<string> {
    const source = { host: "127.0.0.1", port: postgres.port, user: "postgres", password: "", database: "casdoor" };
    const store = new PostgresStore({ ...source, ssl: false });
    return (await started({ appConf, initData, store, environment: { SSL_CERT_FILE: corp.caFile } })).url;
  }

  /** What the job changes, or would. */
  async function bootstrap(files: PlatformConfiguration, url: string, probe = false): Promise<readonly string[]> {
    const changes: string[] = [];
    await runJob(validateJob({ ...files.bootstrap, database: database(), url }), {
      probe,
      log: () => undefined,
      note: () => undefined,
      change: async (line, apply) => {
        if (!probe) await apply();
        changes.push(line);
      },
    });
    return changes;
  }

  async function prepared(provider: OpenidProvider, sets: readonly string[] = []): Promise<string> {
    const files = rendered(provider.issuer, sets);
    const url = await casdoor(files);
    await bootstrap(files, url);
    return url;
  }

  function signIn(url: string, username: string, wrongVerifier?: string): Promise<SignedIn> {
    return signInByProvider(username, {
      casdoor: { url },
      origin: "http://localhost:8000",
      hubClientId,
      hubCallback: "http://localhost/api/v1/callback/casdoor",
      caFile: corp.caFile,
      ...(wrongVerifier === undefined ? {} : { wrongVerifier }),
    });
  }

  /** Everybody but the first administrator, with who they are at the provider. */
  async function strangers(): Promise<readonly unknown[]> {
    return postgres.query(
      `select u.name, u.id, u.email, u.is_admin, l.provider_id from "user" u
       left join third_party_link l on l.owner = u.owner and l.user_name = u.name
       where u.owner = 'OpenCSG' and u.name <> 'root' order by u.name`,
    );
  }

  async function prove(files: PlatformConfiguration): Promise<WireResult> {
    const { wires } = validateVerify({ wires: [files.provider] });
    const [result] = await verifyWires(
      wires,
      (line) => line,
      () => undefined,
    );
    if (result === undefined) throw new Error("no result");
    return result;
  }

  it("leads to an account of one's own at the first sign-in, and to the same at the next", async () => {
    const url = await prepared(await company());

    const first = await signIn(url, "anna");
    const second = await signIn(url, "anna");

    expect([first.status, first.msg, second.status]).toEqual(["ok", "", "ok"]);
    expect(await strangers()).toEqual([
      { name: "anna", id: "id-of-anna", email: "anna@corp.test", is_admin: false, provider_id: "id-of-anna" },
    ]);
  });

  it("leads on into the hub", async () => {
    const url = await prepared(await company());
    const settings = readSettings(serverSettings, {
      ...hubEnvironment,
      STARHUB_DATABASE_DSN: `postgresql://postgres:p@127.0.0.1:${postgres.port}/postgres?sslmode=disable`,
      STARHUB_SERVER_CASDOOR_ENDPOINT: url,
      STARHUB_SERVER_CASDOOR_CLIENT_ID: hubClientId,
      STARHUB_SERVER_CASDOOR_CLIENT_SECRET: 'casdoor-csghub-secret, "quoted"',
      STARHUB_SERVER_CASDOOR_CERTIFICATE: corp.file("own.crt"),
      OPENCSG_USER_SERVER_SIGNIN_SUCCESS_REDIRECT_URL: "http://hub.test/server/callback",
    });
    await writeFile(corp.file("own.crt"), pair.certificate);
    const client = await connectPostgres(dsnOf(settings));
    await initialise(client);
    await migrate(client, serverMigrations);

    const { data: code } = await signIn(url, "anna");
    const query = new URLSearchParams({ code: String(code), state: "casdoor" }).toString();
    const target = new URL(`/api/v1/callback/casdoor?${query}`, "http://hub.test");
    const { status, headers } = await answerCallback({ method: "GET", url: target, headers: {} }, settings, {});
    const { rows } = await client.query("select username, email, uuid from users");
    await client.end();

    expect([status, headers["Location"]]).toEqual([302, expect.stringMatching(/server\/callback\?jwt=ey/)]);
    expect(rows).toEqual([{ username: "anna", email: "anna@corp.test", uuid: "id-of-anna" }]);
  });

  it("takes nobody for somebody else by a name or an e-mail address", async () => {
    const url = await prepared(await company());

    const answers = [await signIn(url, "root"), await signIn(url, "boss")];

    expect(answers.map(({ status }) => status)).toEqual(["ok", "ok"]);
    expect(await strangers()).toEqual([
      expect.objectContaining({ name: "boss", is_admin: false, provider_id: "id-of-boss" }),
      expect.objectContaining({
        name: expect.stringMatching(/^root_[0-9a-f]{4}$/) as string,
        is_admin: false,
        provider_id: "id-of-root",
      }),
    ]);
  });

  it("takes people for those of the same e-mail address where the values say so", async () => {
    const url = await prepared(await company(), ["casdoor.provider.linkByEmail=true"]);
    await postgres.query(`update "user" set email = 'anna@corp.test' where name = 'root'`);

    expect(await signIn(url, "anna")).toMatchObject({ status: "ok" });
    expect(await postgres.query("select user_name, provider_id from third_party_link")).toEqual([
      { user_name: "root", provider_id: "id-of-anna" },
    ]);
  });

  it.each([
    ["whoever has no e-mail address", "nomail", [], "cannot find email in user from custom provider"],
    [
      "whoever nobody added, where the values say so",
      "anna",
      ["casdoor.provider.signUp=false"],
      "not allowed to sign up",
    ],
  ])("refuses %s", async (_, username, sets, message) => {
    const url = await prepared(await company(), sets);

    expect(await signIn(url, username)).toMatchObject({
      status: "error",
      msg: expect.stringContaining(message) as string,
    });
    expect(await strangers()).toEqual([]);
  });

  it("takes no code that another browser got", async () => {
    const url = await prepared(await company());

    expect(await signIn(url, "anna", "x".repeat(43))).toMatchObject({
      status: "error",
      msg: expect.stringContaining("invalid_grant") as string,
    });
  });

  it("is set by the job, healed, and taken away with the values, and leaves what others made", async () => {
    const files = rendered((await company()).issuer);
    const url = await casdoor(files);
    const theirs = { owner: "admin", name: "theirs", canSignUp: true };
    await bootstrap({ ...files, bootstrap: withoutProvider(files) }, url);
    await postgres.query("update application set providers = $1 where name = 'CSGHub'", [JSON.stringify([theirs])]);
    const offer = "offer the company's accounts at the sign-in of CSGHub";
    const added = [`add the sign-in with accounts of ${issuerOf(files)}`, offer];

    expect(await bootstrap(files, url, true)).toEqual(added);
    expect(await bootstrap(files, url)).toEqual(added);
    expect(await bootstrap(files, url)).toEqual([]);
    await postgres.query(
      "update provider set client_secret = 'x', custom_token_url = 'https://x.test' where name = 'company'",
    );
    await postgres.query(
      "update application set providers = replace(providers, '\"bindingRule\":[]', '\"bindingRule\":null')",
    );
    const healed = [
      `set client secret, custom token url of the sign-in with accounts of ${issuerOf(files)}`,
      "set the offer of the company's accounts at the sign-in of CSGHub",
    ];
    expect(await bootstrap(files, url, true)).toEqual(healed);
    expect(await bootstrap(files, url)).toEqual(healed);
    expect(await bootstrap({ ...files, bootstrap: withoutProvider(files) }, url)).toEqual([
      "take the company's accounts off the sign-in of CSGHub",
      "remove the sign-in with the company's accounts",
    ]);
    const [row] = await postgres.query("select providers from application where name = 'CSGHub'");
    expect(JSON.parse(String(row?.["providers"]))).toEqual([theirs]);
  });

  it("is left as it is while the provider does not answer, and not made without it", async () => {
    const provider = await company();
    const files = rendered(provider.issuer);
    const url = await casdoor(files);
    await bootstrap(files, url);
    await provider.close();

    expect(await bootstrap(files, url)).toEqual([]);
    await postgres.query("delete from provider where name = 'company'");
    await expect(bootstrap(files, url)).rejects.toThrow("the discovery document at");
  });

  it("is proved without anybody signing in", async () => {
    expect(await prove(rendered((await company()).issuer))).toMatchObject({ ok: true });
  });

  it.each<[string, Partial<ProviderSettings>, string, string]>([
    [
      "another issuer",
      { discovery: { issuer: "https://other.test" } },
      "names the issuer https://other.test",
      "exactly what it names",
    ],
    [
      "an endpoint in the clear",
      { discovery: { token_endpoint: "http://x.test/t" } },
      "is not https",
      "readable on the way",
    ],
    ["no user info", { discovery: { userinfo_endpoint: undefined } }, "names no userinfo_endpoint", "must have one"],
    [
      "no codes",
      { discovery: { response_types_supported: ["id_token"] } },
      "gives no codes",
      "authorization code flow",
    ],
    [
      "no client secrets",
      { discovery: { token_endpoint_auth_methods_supported: ["private_key_jwt"] } },
      "takes no client secret",
      "client_secret_basic",
    ],
    ["a clock of its own", { clockAhead: 300 }, "behind the provider's", "time synchronisation"],
    ["another client secret", { clientSecret: "other" }, "does not know the client ai-platform", "clientSecretFile"],
    [
      "another callback",
      { redirectUris: ["https://old.test/callback"] },
      "shows an error (400)",
      `register ${callback}`,
    ],
    [
      "an address too long for Casdoor",
      { discovery: { authorization_endpoint: `https://x.test/${"a".repeat(200)}` } },
      "of which Casdoor keeps 200",
      "shorter address",
    ],
  ])("%s is named by the check", async (_, changes, error, cause) => {
    expect(await prove(rendered((await company(changes)).issuer))).toMatchObject({
      ok: false,
      error: expect.stringContaining(error) as string,
      cause: expect.stringContaining(cause) as string,
    });
  });

  it("is looked at before an install, which it warns of and does not stop", async () => {
    const look = async (provider: OpenidProvider): Promise<readonly LookLine[]> => {
      const { kind, issuer, discoveryUrl, clientSecret: given, scopes } = rendered(provider.issuer).provider ?? {};
      const client = { clientId: corp.clientId, clientSecret: given, scopes, callbackUrl: callback };
      const ca = await readFile(corp.caFile, "utf8");
      const lines: LookLine[] = [];
      const document = validateLook({
        services: [{ kind, service: "openid-provider", issuer, discoveryUrl, ...client, ca }],
      });
      await lookAtServices(
        document,
        (text) => text,
        (line) => void lines.push(line),
      );
      return lines;
    };

    expect(await look(await company())).toEqual([{ service: "openid-provider", findings: [] }]);
    expect(await look(await company({ redirectUris: [] }))).toEqual([
      {
        service: "openid-provider",
        findings: [
          {
            severity: "warning",
            message: "the provider shows an error (400) instead of its sign-in",
            remedy: `register ${callback} as a redirect URI of the client ai-platform at the provider`,
          },
        ],
      },
    ]);
  });

  it("a scope that the provider does not give is named by the check", async () => {
    const files = rendered((await company()).issuer, ["casdoor.provider.scopes=openid groups"]);

    expect(await prove(files)).toMatchObject({
      ok: false,
      error: expect.stringContaining("refuses a sign-in: invalid_scope") as string,
      details: expect.arrayContaining(["the provider does not list the scopes groups"]) as string[],
    });
  });
});

function withoutProvider({ bootstrap }: PlatformConfiguration): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(bootstrap).filter(([name]) => name !== "provider"));
}

function issuerOf({ provider }: PlatformConfiguration): string {
  return String(provider?.["issuer"]);
}
