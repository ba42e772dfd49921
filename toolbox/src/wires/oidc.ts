import { randomBytes } from "node:crypto";
import type { OidcWire } from "../contract.generated.ts";
import { NotRefusedError, ToolboxError } from "../errors.ts";
import type { HttpAnswer } from "../http-request.ts";
import { excerpt, jsonOf, sendHttp } from "../http-request.ts";
import type { JsonWebKeySet } from "../json-web-token.ts";
import { verifyToken } from "../json-web-token.ts";
import { addVisitor, proveClosedSignUp, proveProfile, type Visitor } from "./casdoor-visitor.ts";
import { login, postLogin } from "./casdoor-login.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

export const oidcCheck: WireCheck<OidcWire> = {
  address: (wire) => wire.issuer,
  expectation: (wire) =>
    `a user added for this logs in to ${wire.application} by authorization code; wrong secret, password and a used code are refused`,
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
  const visitor = await addVisitor(wire, context);
  const signedIn = await login(wire, visitor, context);
  if ("code" in signedIn) await proveCode(wire, { discovery, keys, visitor, code: signedIn.code }, context);
  else context.note(`Casdoor asks people for more than a password (${signedIn.asks}): code and token are not tried`);
  await proveWrongPassword(wire, visitor, context);
  await proveProfile(wire, visitor, context);
  await proveClosedSignUp(wire, context);
}

interface SignedIn {
  readonly discovery: Discovery;
  readonly keys: JsonWebKeySet;
  readonly visitor: Visitor;
  readonly code: string;
}

async function proveCode(
  wire: OidcWire,
  { discovery, keys, visitor, code }: SignedIn,
  context: WireContext,
): Promise<void> {
  context.note("logged in and got a code");
  const token = tokenOf(wire, visitor, discovery, context);
  const tokens = await token({ code, secret: wire.clientSecret });
  const access = tokens.access_token;
  if (access === undefined || access === "") {
    throw new ToolboxError(`no token for the code: ${refusal(tokens)}`, {
      advice: "client id, secret or redirect URI differ from Casdoor's: slipway run casdoor-bootstrap sets them",
    });
  }
  const expected = { issuer: wire.issuer, audience: wire.clientId, now: Date.now() / 1000 };
  const claims = verifyToken(tokens.id_token ?? access, keys, expected);
  context.note(`token signed by key ${claims.keyId} of this issuer, for this client`);
  await proveUserInfo(wire, { discovery, token: access, username: visitor.name }, context);
  await proveRefusals(wire, { visitor, used: code, token }, context);
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

async function proveDiscovery(wire: OidcWire, context: WireContext): Promise<Discovery> {
  const answer = await get(wire, wire.discoveryUrl, context);
  if (answer.status !== 200) {
    throw new ToolboxError(`discovery answered ${answer.status}: ${excerpt(answer.body)}`, {
      advice: "look whether Casdoor is healthy, at its log, and at the gateway's route to it",
    });
  }
  const discovery = jsonOf(answer, "the discovery document") as Discovery;
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
  const keys = jsonOf(await get(wire, uri, context), "the key set") as JsonWebKeySet;
  const signing = (keys.keys ?? []).filter(
    (key) => key.kty === "RSA" && (key.alg === undefined || key.alg === "RS256"),
  );
  if (signing.length === 0)
    throw new ToolboxError("the key set has no RS256 key", { advice: "look at Casdoor's certificates" });
  context.note(`${signing.length} RS256 key(s)`);
  return keys;
}

/** For the user that is deleted afterwards: nobody comes nearer to being locked out. */
async function proveWrongPassword(wire: OidcWire, visitor: Visitor, context: WireContext): Promise<void> {
  const { status } = await postLogin(wire, { ...visitor, password: randomBytes(16).toString("hex") }, context);
  if (status !== "error")
    throw new NotRefusedError("a wrong password is taken", "look at Casdoor's master password settings");
  context.note("refused a wrong password");
}

/** A code against a token, with a secret. */
type Exchange = (given: { readonly code: string; readonly secret: string }) => Promise<TokenAnswer>;

function tokenOf(
  wire: OidcWire,
  { marked }: Visitor,
  { token_endpoint: url }: Discovery,
  context: WireContext,
): Exchange {
  if (url === undefined) throw new ToolboxError("discovery names no token endpoint");
  return async ({ code, secret }) => {
    const form = {
      grant_type: "authorization_code",
      code,
      client_id: wire.clientId,
      client_secret: secret,
      redirect_uri: wire.redirectUri,
    };
    const answer = await sendHttp({
      method: "POST",
      url: marked(url),
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
      body: new URLSearchParams(form).toString(),
      caFile: wire.caFile,
      resolve: wire.resolve,
      signal: context.signal,
    });
    return jsonOf(answer, "the answer to the token exchange") as TokenAnswer;
  };
}

function refusal({ error, error_description: description }: TokenAnswer): string {
  return [error, description].filter((part) => part !== undefined && part !== "").join(": ") || "no reason given";
}

async function proveUserInfo(
  wire: OidcWire,
  { discovery, token, username }: { readonly discovery: Discovery; readonly token: string; readonly username: string },
  context: WireContext,
): Promise<void> {
  const { userinfo_endpoint: url } = discovery;
  if (url === undefined) throw new ToolboxError("discovery names no user info");
  const answer = await get(wire, url, context, { authorization: `Bearer ${token}` });
  const info = jsonOf(answer, "the user info") as {
    readonly sub?: string;
    readonly name?: string;
    readonly preferred_username?: string;
  };
  const names = [info.name, info.preferred_username];
  if (answer.status !== 200 || (info.sub ?? "") === "" || !names.includes(username)) {
    throw new ToolboxError(`the user info is not that of ${username}: ${answer.status}`);
  }
  const stranger = await get(wire, url, context, { authorization: `Bearer ${randomBytes(24).toString("hex")}` });
  const told =
    stranger.status === 200 ? (jsonOf(stranger, "the user info") as { readonly sub?: string }).sub : undefined;
  // Casdoor's error answers may carry an empty subject
  if (told !== undefined && told !== "")
    throw new NotRefusedError("the user info is given for a made-up token", "look at Casdoor's version");
  context.note("user info is that of the user; a made-up token is refused");
}

interface Proved {
  readonly visitor: Visitor;
  /** The code that was given for a token. */
  readonly used: string;
  readonly token: Exchange;
}

async function proveRefusals(wire: OidcWire, { visitor, used, token }: Proved, context: WireContext): Promise<void> {
  requireRefused(await token({ code: used, secret: wire.clientSecret }), "a code is taken twice");
  const fresh = await login(wire, visitor, context);
  if (!("code" in fresh)) throw new ToolboxError(`a second login is answered otherwise than the first: ${fresh.asks}`);
  const wrong = await token({ code: fresh.code, secret: randomBytes(20).toString("hex") });
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
