import { createHash, generateKeyPairSync, verify, createPublicKey, type JsonWebKey } from "node:crypto";
import { mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { afterEach, describe, expect, it } from "vitest";
import { parseAppConf } from "./app-conf.ts";
import { parseDataSource } from "./data-source.ts";
import { MemoryStore } from "./memory-store.ts";
import { isRedirectAllowed } from "./redirects.ts";
import { completeRecord } from "./records.ts";
import { selfSigned } from "./self-signed.ts";
import { type Running, start } from "./start.ts";
import { tableStatements } from "./tables.ts";

const password = "Root#Pass1";
const hash = hashSync(password, 4);
const pair = await selfSigned("csghub-cert", 20, new Date());
const callback = "http://hub.test/api/v1/callback/casdoor";
const secret = "s".repeat(40);

const folders: string[] = [];
const running: Running[] = [];

afterEach(() => {
  for (const { server } of running.splice(0)) server.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface Setup {
  readonly conf?: Readonly<Record<string, string>>;
  readonly initData?: unknown;
  readonly store?: MemoryStore;
  readonly clock?: { now: Date };
  readonly sessionsBlocked?: boolean;
}

function initData(): Record<string, Record<string, unknown>[]> {
  const application = {
    owner: "admin",
    organization: "OpenCSG",
    cert: "csghub-cert",
    enablePassword: true,
    tokenFormat: "JWT",
    expireInHours: 168,
    failedSigninLimit: 5,
    failedSigninFrozenTime: 15,
  };
  return {
    organizations: [
      {
        owner: "admin",
        name: "OpenCSG",
        passwordType: "bcrypt",
        passwordSalt: "OpenCSG",
        defaultApplication: "CSGHub",
      },
    ],
    applications: [
      { ...application, name: "CSGHub", clientId: "hub", clientSecret: secret, redirectUris: [callback] },
      {
        ...application,
        name: "Admin",
        clientId: "admin-client",
        clientSecret: "other",
        redirectUris: ["http://hub.test/admin"],
        enableAutoSignin: true,
      },
    ],
    users: [
      {
        owner: "OpenCSG",
        name: "root",
        displayName: "Administrator",
        email: "root@hub.test",
        password: hash,
        passwordType: "bcrypt",
        tag: "is_admin",
        isAdmin: true,
        signupApplication: "CSGHub",
      },
    ],
    certs: [{ owner: "admin", name: "csghub-cert", type: "x509", cryptoAlgorithm: "RS256", bitSize: 2048, ...pair }],
  };
}

async function started(setup: Setup = {}): Promise<{
  readonly url: string;
  readonly store: MemoryStore;
  readonly tmp: string;
  readonly log: readonly string[];
}> {
  const folder = mkdtempSync(join(tmpdir(), "casdoor-stand-in-"));
  folders.push(folder);
  mkdirSync(join(folder, "conf"));
  const tmp = join(folder, "tmp");
  if (setup.sessionsBlocked === true) writeFileSync(tmp, "a file where the folder should be");
  else mkdirSync(tmp);
  const conf = {
    httpport: "0",
    driverName: "postgres",
    dataSourceName: "postgres://casdoor:secret@database:5432/csghub_casdoor?sslmode=disable",
    origin: "https://casdoor.hub.test",
    initDataFile: join(folder, "conf/init_data.json"),
    initDataNewOnly: "true",
    enableErrorMask: "true",
    logConfig: '{"adapter":"console"}',
    ...setup.conf,
  };
  writeFileSync(
    join(folder, "conf/app.conf"),
    Object.entries(conf)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join(""),
  );
  const document = setup.initData ?? initData();
  writeFileSync(
    join(folder, "conf/init_data.json"),
    typeof document === "string" ? document : JSON.stringify(document),
  );
  const store = setup.store ?? new MemoryStore();
  const clock = setup.clock ?? { now: new Date() };
  const log: string[] = [];
  const result = await start({
    directory: folder,
    environment: {},
    openStore: () => store,
    now: () => clock.now,
    log: (line) => log.push(line),
  });
  running.push(result);
  return { url: `http://127.0.0.1:${result.port}`, store, tmp, log };
}

interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly cookie: string;
}

async function reply(response: Response): Promise<Reply> {
  const cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>>, cookie };
}

async function login(
  url: string,
  form: Readonly<Record<string, string>> = {},
  query: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const parameters = new URLSearchParams({
    clientId: "hub",
    responseType: "code",
    redirectUri: callback,
    type: "code",
    scope: "openid profile email",
    state: "casdoor",
    ...query,
  });
  return reply(
    await fetch(`${url}/api/login?${parameters.toString()}`, {
      method: "POST",
      body: JSON.stringify({
        application: "CSGHub",
        organization: "OpenCSG",
        username: "root",
        password,
        signinMethod: "Password",
        type: "code",
        ...form,
      }),
    }),
  );
}

async function exchange(url: string, code: unknown, form: Readonly<Record<string, string>> = {}): Promise<Reply> {
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: "hub",
    client_secret: secret,
    code: String(code),
    ...form,
  });
  return reply(await fetch(`${url}/api/login/oauth/access_token`, { method: "POST", body }));
}

async function code(url: string, query: Readonly<Record<string, string>> = {}): Promise<string> {
  const answer = await login(url, {}, query);
  expect(answer.body["status"]).toBe("ok");
  return String(answer.body["data"]);
}

function claimsOf(token: unknown): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(String(token).split(".")[1] ?? "", "base64url").toString()) as Readonly<
    Record<string, unknown>
  >;
}

describe("the way a login goes", () => {
  it("answers health, discovery and keys with the configured origin as issuer", async () => {
    const { url } = await started();
    expect((await reply(await fetch(`${url}/api/health`))).body["status"]).toBe("ok");
    const document = await reply(await fetch(`${url}/.well-known/openid-configuration`));
    expect(document.body).toMatchObject({
      issuer: "https://casdoor.hub.test",
      token_endpoint: "https://casdoor.hub.test/api/login/oauth/access_token",
    });
    const keys = await reply(await fetch(`${url}/.well-known/jwks`));
    expect((keys.body["keys"] as { kid: string }[]).map((key) => key.kid).sort()).toEqual([
      "cert-built-in",
      "csghub-cert",
    ]);
  });

  it("gives a code for a password and a token, signed with the application's certificate, for the code", async () => {
    const { url } = await started();
    const answer = await exchange(url, await code(url));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ token_type: "Bearer", expires_in: 604_800, scope: "openid profile email" });
    const token = String(answer.body["access_token"]);
    expect(claimsOf(token)).toMatchObject({
      iss: "https://casdoor.hub.test",
      aud: ["hub"],
      azp: "hub",
      owner: "OpenCSG",
      name: "root",
      isAdmin: true,
      tag: "is_admin",
      password: "",
      tokenType: "access-token",
    });
    const keys = (await reply(await fetch(`${url}/.well-known/jwks`))).body["keys"] as (JsonWebKey & { kid: string })[];
    const key = createPublicKey({ key: keys.find((candidate) => candidate.kid === "csghub-cert")!, format: "jwk" });
    const [head, body, signature] = token.split(".");
    expect(verify("sha256", Buffer.from(`${head}.${body}`), key, Buffer.from(signature!, "base64url"))).toBe(true);
    const userinfo = await reply(await fetch(`${url}/api/userinfo`, { headers: { authorization: `Bearer ${token}` } }));
    expect(userinfo.body).toMatchObject({
      sub: claimsOf(token)["sub"],
      aud: "hub",
      preferred_username: "root",
      email: "root@hub.test",
    });
  });

  it("takes the client from Basic and the code from JSON", async () => {
    const { url } = await started();
    const answer = await reply(
      await fetch(`${url}/api/login/oauth/access_token`, {
        method: "POST",
        headers: { authorization: `Basic ${Buffer.from(`hub:${secret}`).toString("base64")}` },
        body: JSON.stringify({ grant_type: "authorization_code", code: await code(url) }),
      }),
    );
    expect(answer.status).toBe(200);
  });

  it("remembers who signed in and sends them straight on where the application says so", async () => {
    const { url } = await started();
    const signedIn = await login(url, { type: "login" });
    expect(signedIn.body["data"]).toBe("OpenCSG/root");
    const account = await reply(await fetch(`${url}/api/get-account`, { headers: { cookie: signedIn.cookie } }));
    expect(account.body["name"]).toBe("root");
    const target = new URLSearchParams({
      client_id: "admin-client",
      response_type: "code",
      redirect_uri: "http://hub.test/admin",
      state: "x",
    });
    const redirect = await fetch(`${url}/login/oauth/authorize?${target.toString()}`, {
      headers: { cookie: signedIn.cookie },
      redirect: "manual",
    });
    expect(redirect.status).toBe(302);
    expect(redirect.headers.get("location")).toMatch(/^http:\/\/hub\.test\/admin\?code=[0-9a-f]{20}&state=x$/);
  });

  it("shows a page that says it is a stand-in", async () => {
    const { url } = await started();
    expect(await (await fetch(`${url}/login/oauth/authorize?client_id=hub`)).text()).toContain("This is not Casdoor");
  });
});

describe("what a login is refused for", () => {
  it.each([
    ["a wrong password", { password: "no" }, {}, "password or code is incorrect"],
    ["an unknown user, in the same words", { username: "nobody" }, {}, "password or code is incorrect"],
    ["an unknown application", { application: "Nope" }, {}, "The application: Nope does not exist"],
    ["an unknown organization", { organization: "Nope" }, {}, "password or code is incorrect"],
    ["an unknown client id", {}, { clientId: "nope" }, "Invalid client_id"],
    [
      "a redirect address that is not listed",
      {},
      { redirectUri: "http://evil.test/api/v1/callback/casdoor" },
      "Redirect URI: http://evil.test/api/v1/callback/casdoor doesn't exist in the allowed Redirect URI list",
    ],
    [
      "another response type",
      {},
      { responseType: "password" },
      "Grant_type: password is not supported in this application",
    ],
    ["another challenge method", {}, { code_challenge_method: "plain" }, "Challenge method should be S256"],
    ["another kind of login", { type: "device" }, {}, "unknown response type: device"],
    ["no user name", { username: "" }, {}, "Unknown authentication type (not password or provider)"],
  ])("%s", async (_, form, query, message) => {
    const { url } = await started();
    const answer = await login(url, form, query);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: "error", msg: message });
  });

  it("names the remaining chances where errors are not masked", async () => {
    const { url } = await started({ conf: { enableErrorMask: "false" } });
    expect((await login(url, { password: "no" })).body["msg"]).toBe(
      "password or code is incorrect, you have 4 remaining chances",
    );
    expect((await login(url, { username: "nobody" })).body["msg"]).toBe("The user: OpenCSG/nobody doesn't exist");
  });

  it("five wrong passwords, after which the right one waits a quarter of an hour", async () => {
    const clock = { now: new Date("2026-01-01T00:00:00Z") };
    const { url } = await started({ clock });
    for (let attempt = 0; attempt < 5; attempt++) await login(url, { password: "no" });
    expect((await login(url)).body["msg"]).toBe(
      "You have entered the wrong password or code too many times, please wait for 15 minutes and try again",
    );
    clock.now = new Date("2026-01-01T00:14:59Z");
    expect((await login(url)).body["status"]).toBe("error");
    clock.now = new Date("2026-01-01T00:15:00Z");
    expect((await login(url)).body["status"]).toBe("ok");
  });

  it("a hash given without its type, because it is hashed again", async () => {
    const data = initData();
    data["users"] = [{ ...data["users"]![0], passwordType: "" }];
    const { url } = await started({ initData: data });
    expect((await login(url)).body["status"]).toBe("error");
    expect((await login(url, { password: hash })).body["status"]).toBe("ok");
  });

  it("everything, while sessions cannot be written", async () => {
    const { url, log } = await started({ sessionsBlocked: true });
    expect((await fetch(`${url}/api/health`)).status).toBe(503);
    expect(log.join("\n")).toContain("[SESSION]");
  });
});

describe("what a code is refused for", () => {
  it("being used twice", async () => {
    const { url } = await started();
    const one = await code(url);
    await exchange(url, one);
    const again = await exchange(url, one);
    expect(again.status).toBe(400);
    expect(again.body["error"]).toBe("invalid_grant");
    expect(again.body["error_description"]).toContain("has been used");
  });

  it("being older than five minutes", async () => {
    const clock = { now: new Date("2026-01-01T00:00:00Z") };
    const { url } = await started({ clock });
    const one = await code(url);
    clock.now = new Date("2026-01-01T00:05:01Z");
    expect((await exchange(url, one)).body["error_description"]).toContain("has expired");
  });

  it.each([
    ["a wrong secret", { client_secret: "no" }, 401, "invalid_client"],
    ["an unknown client", { client_id: "nope" }, 401, "invalid_client"],
    ["no client at all", { client_id: "", client_secret: "" }, 401, "invalid_client"],
    ["another application's client", { client_id: "admin-client", client_secret: "other" }, 400, "invalid_grant"],
    ["being unknown", { code: "0123" }, 400, "invalid_grant"],
    ["being empty", { code: "" }, 400, "invalid_request"],
    ["another grant", { grant_type: "password" }, 400, "unsupported_grant_type"],
  ])("%s", async (_, form, status, error) => {
    const { url } = await started();
    const answer = await exchange(url, await code(url), form);
    expect([answer.status, answer.body["error"]]).toEqual([status, error]);
  });

  it("a wrong verifier, and none needs a secret with the right one", async () => {
    const { url } = await started();
    const query = {
      code_challenge: createHash("sha256").update("verifier").digest("base64url"),
      code_challenge_method: "S256",
    };
    expect((await exchange(url, await code(url, query), { code_verifier: "wrong" })).body["error"]).toBe(
      "invalid_grant",
    );
    expect((await exchange(url, await code(url, query), { code_verifier: "verifier", client_secret: "" })).status).toBe(
      200,
    );
  });
});

describe("what a request is refused for", () => {
  it("no login, an unknown token, a token past its time, an unknown address", async () => {
    const clock = { now: new Date("2026-01-01T00:00:00Z") };
    const { url } = await started({ clock });
    const get = async (path: string, token?: string): Promise<unknown> =>
      (
        await reply(
          await fetch(url + path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
        )
      ).body["msg"];
    expect(await get("/api/userinfo")).toBe("Please login first");
    expect(await get("/api/get-account")).toBe("Please login first");
    expect(await get("/api/userinfo", "x")).toBe("Access token doesn't exist in database");
    expect(await get("/api/get-users?owner=OpenCSG")).toBe("Unauthorized operation");
    const token = String((await exchange(url, await code(url))).body["access_token"]);
    clock.now = new Date("2026-01-09T00:00:00Z");
    expect(await get("/api/userinfo", token)).toContain("Access token has expired");
  });

  it("leaves one session file for each request without a cookie, and none with", async () => {
    const { url, tmp } = await started();
    const count = (): number =>
      readdirSync(tmp, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
    const { cookie } = await reply(await fetch(`${url}/api/health`));
    await fetch(`${url}/api/health`);
    expect(count()).toBe(2);
    await fetch(`${url}/api/health`, { headers: { cookie } });
    expect(count()).toBe(2);
  });
});

describe("what is made in an empty database, and what init_data.json adds", () => {
  it("makes the administrator with password 123 first, and skips our entry for it", async () => {
    const data = initData();
    data["users"]!.push({ owner: "built-in", name: "admin", password: hash, passwordType: "bcrypt" });
    const { url } = await started({ initData: data });
    const form = { application: "app-built-in", organization: "built-in", username: "admin", type: "login" };
    expect((await login(url, { ...form, password: "123" })).body["data"]).toBe("built-in/admin");
    expect((await login(url, form)).body["status"]).toBe("error");
  });

  it("keeps what exists with initDataNewOnly, and makes it again, users with new ids, without", async () => {
    const { store } = await started();
    const before = (await store.get("user", "OpenCSG", "root"))!;
    const changed = initData();
    changed["users"] = [{ ...changed["users"]![0], displayName: "Changed" }];
    await started({ store, initData: changed });
    expect(await store.get("user", "OpenCSG", "root")).toEqual(before);
    await started({ store, initData: changed, conf: { initDataNewOnly: "false" } });
    const after = (await store.get("user", "OpenCSG", "root"))!;
    expect(after.displayName).toBe("Changed");
    expect(after.id).not.toBe(before.id);
  });

  it("drops an application whose redirect addresses do not fit, and says so in its log", async () => {
    const data = initData();
    data["applications"]![1] = { ...data["applications"]![1], redirectUris: ["http://hub.test/".padEnd(1100, "x")] };
    const { store, log } = await started({ initData: data });
    expect(await store.get("application", "admin", "Admin")).toBeUndefined();
    expect(log.join("\n")).toContain("application Admin dropped: value too long");
  });

  it("drops an application whose client id is taken", async () => {
    const data = initData();
    data["applications"]![1] = { ...data["applications"]![1], clientId: "hub" };
    const { log } = await started({ initData: data });
    expect(log.join("\n")).toContain("application Admin dropped: its client id is taken by CSGHub");
  });

  it("makes a pair of its own for a certificate without one", async () => {
    const data = initData();
    data["certs"] = [{ ...data["certs"]![0], privateKey: "" }];
    const { store } = await started({ initData: data });
    const cert = (await store.get("cert", "admin", "csghub-cert"))!;
    expect(cert.privateKey).toContain("RSA PRIVATE KEY");
    expect(cert.certificate).not.toBe(pair.certificate);
  });
});

describe("what it does not start with", () => {
  it.each([
    ["no data source", { conf: { dataSourceName: "" } }, "invalid option"],
    [
      "a data source without a database",
      { conf: { dataSourceName: "postgres://u:p@h:1/?sslmode=disable" } },
      "dbname is empty",
    ],
    ["another driver", { conf: { driverName: "mysql" } }, "unsupported driver name"],
    ["a log configuration that is not JSON", { conf: { logConfig: "console" } }, "logConfig"],
    ["initial data that is not JSON", { initData: "{" }, "JSON"],
    ["users that are not a list", { initData: { users: "x" } }, "cannot unmarshal"],
    [
      "a field of the wrong type",
      { initData: { organizations: [{ owner: "admin", name: "A", isProfilePublic: "yes" }] } },
      "isProfilePublic",
    ],
    [
      "a user without its organization",
      { initData: { users: [{ owner: "Nope", name: "x" }] } },
      "the organization: Nope is not found",
    ],
    [
      "a user of an organization without an application",
      { initData: { organizations: [{ owner: "admin", name: "A" }], users: [{ owner: "A", name: "x" }] } },
      "should have one application at least",
    ],
    [
      "a second user of the built-in organization",
      { initData: { users: [{ owner: "built-in", name: "second" }] } },
      "currently disabled",
    ],
  ])("%s", async (_, setup, message) => {
    await expect(started(setup)).rejects.toThrow(message);
  });

  it("a line of app.conf that is no setting", () => {
    expect(() => parseAppConf("httpport = 8000\nnonsense\n", {})).toThrow('read the content error: "nonsense"');
  });
});

describe("app.conf", () => {
  it("is read as beego reads it: keys in any case, comments at line start only, quotes off the ends, the environment first", () => {
    const conf = parseAppConf(
      '\uFEFF# comment\n; comment\nHttpPort = 8000\norigin = http://a # not a comment\nauthState = "casdoor"\nx = ${MISSING||d}\n[other]\nhttpport = 1\n',
      { runmode: "prod" },
    );
    expect(["httpport", "origin", "authState", "x", "runmode", "none"].map((key) => conf.get(key))).toEqual([
      "8000",
      "http://a # not a comment",
      "casdoor",
      "d",
      "prod",
      "",
    ]);
  });
});

describe("a data source name", () => {
  it("carries any password in a URL", () => {
    expect(
      parseDataSource(`postgres://u%40x:${encodeURIComponent("p@ss/w:rd %1")}@db:5433/name?sslmode=disable`),
    ).toEqual({ host: "db", port: 5433, user: "u@x", password: "p@ss/w:rd %1", database: "name", ssl: false });
  });

  it("is split at every space in its other form", () => {
    expect(parseDataSource("user=u password=p host=db port=5432 sslmode=disable dbname=name")).toMatchObject({
      password: "p",
      database: "name",
    });
    expect(() => parseDataSource("user=u password='a b' dbname=name")).toThrow('invalid option: "b\'"');
  });

  it("wants TLS unless told otherwise", () => {
    expect(parseDataSource("postgres://u:p@db/name").ssl).toEqual({ rejectUnauthorized: false });
    expect(parseDataSource("postgres://u:p@db/name?sslmode=verify-full&sslrootcert=/ca", () => "CA").ssl).toEqual({
      rejectUnauthorized: true,
      ca: "CA",
    });
    expect(() => parseDataSource("postgres://u:p@db/name?sslmode=prefer")).toThrow("unsupported sslmode");
  });
});

describe("redirect addresses", () => {
  const application = completeRecord("application", { redirectUris: ["https://hub.test/callback"] });
  it.each([
    ["https://hub.test/callback", true],
    ["https://hub.test/callback?x=1", true],
    ["https://a.hub.test/callback", true],
    ["http://localhost:1/anything", true],
    ["http://127.0.0.1:1/anything", true],
    ["http://hub.test/callback", false],
    ["https://hub.test:8443/callback", false],
    ["https://hub.test/other", false],
    ["https://evilhub.test/callback", false],
    ["not a url", false],
  ])("%s: %s", (address, allowed) => {
    expect(isRedirectAllowed(application, address)).toBe(allowed);
  });
});

describe("tables", () => {
  it("have the columns bootstrap jobs write, in XORM's spelling", () => {
    const statements = tableStatements("application").join("\n");
    for (const column of [
      '"client_secret" VARCHAR(100)',
      '"redirect_uris" VARCHAR(1000)',
      '"enable_sign_up" BOOL',
      '"order" INTEGER',
      '"org_choice_mode" VARCHAR(255)',
    ])
      expect(statements).toContain(column);
    expect(tableStatements("user")[0]).toContain('CREATE TABLE IF NOT EXISTS "user" ("owner" VARCHAR(100) NOT NULL');
  });
});

describe("a made certificate", () => {
  it("matches its key", () => {
    const other = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const modulus = (key: Parameters<typeof createPublicKey>[0]): unknown =>
      createPublicKey(key).export({ format: "jwk" }).n;
    expect(modulus(pair.certificate)).toBe(modulus(pair.privateKey));
    expect(modulus(pair.certificate)).not.toBe(other.publicKey.export({ format: "jwk" }).n);
  });
});
