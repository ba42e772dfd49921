import { createHash, verify, createPublicKey, type JsonWebKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  hash,
  secret,
  initData,
  started,
  type Reply,
  reply,
  login,
  closeStandIns,
} from "./testing/running-stand-in.ts";

closeStandIns();

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
});
