import { randomBytes } from "node:crypto";
import type { OidcWire } from "../contract.generated.ts";
import { NotRefusedError, ToolboxError } from "../errors.ts";
import type { HttpAnswer } from "../http-request.ts";
import { excerpt, sendHttp } from "../http-request.ts";
import type { JsonWebKeySet } from "../json-web-token.ts";
import { verifyToken } from "../json-web-token.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

export const oidcCheck: WireCheck<OidcWire> = {
  address: (wire) => wire.issuer,
  expectation: (wire) =>
    `${wire.username} logs in to ${wire.application} by authorization code; wrong secret, password and a used code are refused`,
  prove: proveOidc,
};

interface Discovery {
  readonly issuer?: string;
  readonly token_endpoint?: string;
  readonly jwks_uri?: string;
  readonly userinfo_endpoint?: string;
}

interface TokenAnswer {
  readonly access_token?: string;
  readonly id_token?: string;
  readonly error?: string;
  readonly error_description?: string;
}

async function proveOidc(wire: OidcWire, context: WireContext): Promise<void> {
  const discovery = await proveDiscovery(wire, context);
  const keys = await proveKeys(wire, discovery, context);
  const code = await login(wire, context);
  context.note("logged in and got a code");
  const tokens = await exchange(wire, discovery, { code, secret: wire.clientSecret }, context);
  const access = tokens.access_token;
  if (access === undefined || access === "") {
    throw new ToolboxError(`no token for the code: ${refusal(tokens)}`, {
      advice: "client id, secret or redirect URI differ from Casdoor's: run the Casdoor job",
    });
  }
  const expected = { issuer: wire.issuer, audience: wire.clientId, now: Date.now() / 1000 };
  const claims = verifyToken(tokens.id_token ?? access, keys, expected);
  context.note(`token signed by key ${claims.keyId} of this issuer, for this client`);
  await proveUserInfo(wire, discovery, access, context);
  await proveRefusals(wire, discovery, code, context);
}

/** Requests to the issuer's own host go where `resolve` says, also those to endpoints it names. */
async function get(
  wire: OidcWire,
  url: string,
  context: WireContext,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> {
  return sendHttp({ url, headers, caFile: wire.caFile, resolve: wire.resolve, signal: context.signal });
}

function json(answer: HttpAnswer, what: string): unknown {
  try {
    return JSON.parse(answer.body.toString("utf8"));
  } catch {
    throw new ToolboxError(`${what} is not JSON: ${answer.status} ${excerpt(answer.body)}`, {
      advice: "the gateway answers in the service's place, or the service shows an error page: look at both logs",
    });
  }
}

async function proveDiscovery(wire: OidcWire, context: WireContext): Promise<Discovery> {
  const answer = await get(wire, wire.discoveryUrl, context);
  if (answer.status !== 200) throw new ToolboxError(`discovery answered ${answer.status}: ${excerpt(answer.body)}`);
  const discovery = json(answer, "the discovery document") as Discovery;
  if (discovery.issuer !== wire.issuer) {
    throw new ToolboxError(`discovery names issuer ${String(discovery.issuer)}, not ${wire.issuer}`, {
      advice: "look at `origin` in Casdoor's app.conf: it must be the public URL of the login",
    });
  }
  context.note("discovery names the right issuer");
  return discovery;
}

async function proveKeys(wire: OidcWire, { jwks_uri: uri }: Discovery, context: WireContext): Promise<JsonWebKeySet> {
  if (uri === undefined) throw new ToolboxError("discovery names no key set");
  const keys = json(await get(wire, uri, context), "the key set") as JsonWebKeySet;
  const signing = (keys.keys ?? []).filter(
    (key) => key.kty === "RSA" && (key.alg === undefined || key.alg === "RS256"),
  );
  if (signing.length === 0)
    throw new ToolboxError("the key set has no RS256 key", { advice: "look at Casdoor's certificates" });
  context.note(`${signing.length} RS256 key(s)`);
  return keys;
}

interface LoginAnswer {
  readonly status?: string;
  readonly msg?: string;
  readonly data?: unknown;
}

/** Casdoor's login page posts this (controllers/auth.go, form/auth.go); the answer holds the code. */
async function postLogin(wire: OidcWire, password: string, context: WireContext): Promise<LoginAnswer> {
  const url = new URL("/api/login", wire.issuer);
  url.search = new URLSearchParams({
    clientId: wire.clientId,
    responseType: "code",
    redirectUri: wire.redirectUri,
    scope: "openid profile",
    state: "casdoor",
  }).toString();
  const answer = await sendHttp({
    method: "POST",
    url: url.toString(),
    headers: { "content-type": "application/json", "accept-language": "en" },
    body: JSON.stringify({
      type: "code",
      application: wire.application,
      organization: wire.organization,
      username: wire.username,
      password,
      signinMethod: "Password",
      autoSignin: false,
    }),
    caFile: wire.caFile,
    resolve: wire.resolve,
    signal: context.signal,
  });
  return json(answer, "the answer to the login") as LoginAnswer;
}

async function login(wire: OidcWire, context: WireContext): Promise<string> {
  const { status, msg, data } = await postLogin(wire, wire.password, context);
  if (status === "ok" && typeof data === "string" && data !== "") return data;
  throw new ToolboxError(`the login is refused: ${msg ?? "no reason given"}`, {
    advice: "wrong password (was it changed in Casdoor?), or client id or redirect URI differ: run the Casdoor job",
  });
}

/** Comes before another right login, which sets Casdoor's count of wrong attempts back. */
async function proveWrongPassword(wire: OidcWire, context: WireContext): Promise<void> {
  const { status } = await postLogin(wire, randomBytes(16).toString("hex"), context);
  if (status !== "error")
    throw new NotRefusedError("a wrong password is taken", "look at Casdoor's master password settings");
  context.note("refused a wrong password");
}

async function exchange(
  wire: OidcWire,
  { token_endpoint: url }: Discovery,
  { code, secret }: { readonly code: string; readonly secret: string },
  context: WireContext,
): Promise<TokenAnswer> {
  if (url === undefined) throw new ToolboxError("discovery names no token endpoint");
  const form = {
    grant_type: "authorization_code",
    code,
    client_id: wire.clientId,
    client_secret: secret,
    redirect_uri: wire.redirectUri,
  };
  const answer = await sendHttp({
    method: "POST",
    url,
    headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
    body: new URLSearchParams(form).toString(),
    caFile: wire.caFile,
    resolve: wire.resolve,
    signal: context.signal,
  });
  return json(answer, "the answer to the token exchange") as TokenAnswer;
}

function refusal({ error, error_description: description }: TokenAnswer): string {
  return [error, description].filter((part) => part !== undefined && part !== "").join(": ") || "no reason given";
}

async function proveUserInfo(
  wire: OidcWire,
  { userinfo_endpoint: url }: Discovery,
  token: string,
  context: WireContext,
): Promise<void> {
  if (url === undefined) throw new ToolboxError("discovery names no user info");
  const answer = await get(wire, url, context, { authorization: `Bearer ${token}` });
  const info = json(answer, "the user info") as {
    readonly sub?: string;
    readonly name?: string;
    readonly preferred_username?: string;
  };
  const names = [info.name, info.preferred_username];
  if (answer.status !== 200 || (info.sub ?? "") === "" || !names.includes(wire.username)) {
    throw new ToolboxError(`the user info is not that of ${wire.username}: ${answer.status}`);
  }
  const stranger = await get(wire, url, context, { authorization: `Bearer ${randomBytes(24).toString("hex")}` });
  const told = stranger.status === 200 ? (json(stranger, "the user info") as { readonly sub?: string }).sub : undefined;
  // Casdoor's error answers may carry an empty subject
  if (told !== undefined && told !== "")
    throw new NotRefusedError("the user info is given for a made-up token", "look at Casdoor's version");
  context.note("user info is that of the user; a made-up token is refused");
}

async function proveRefusals(wire: OidcWire, discovery: Discovery, used: string, context: WireContext): Promise<void> {
  const again = await exchange(wire, discovery, { code: used, secret: wire.clientSecret }, context);
  requireRefused(again, "a code is taken twice");
  await proveWrongPassword(wire, context);
  const fresh = await login(wire, context);
  const wrong = await exchange(wire, discovery, { code: fresh, secret: randomBytes(20).toString("hex") }, context);
  requireRefused(wrong, "a wrong client secret is taken");
  context.note("refused: a used code, a wrong client secret");
}

function requireRefused(answer: TokenAnswer, what: string): void {
  // Casdoor's older answers put the error into the token's place
  const token = answer.access_token ?? "";
  if (token === "" || token.startsWith("error:")) return;
  throw new NotRefusedError(
    what,
    "tokens can be had without the right credentials: look at Casdoor's version and settings",
  );
}
