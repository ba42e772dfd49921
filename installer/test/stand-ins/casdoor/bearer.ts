import { exchangeCode, isTokenError } from "./oauth.ts";
import type { User } from "./records.ts";
import { type Answer, type Exchange, json, loginFirst } from "./exchange.ts";
import { Refusal } from "./signin.ts";
import { tokenHash } from "./tokens.ts";

/** `POST /api/login/oauth/access_token`, with a form, a JSON body or a query, and the client in them or in Basic. */
export async function answerToken(exchange: Exchange): Promise<Answer> {
  const given = tokenParameters(exchange);
  const basic = basicCredentials(exchange.headers.authorization);
  const clientId = given("client_id");
  const clientSecret = given("client_secret");
  const unnamed = clientId === "" && clientSecret === "";
  const token = await exchangeCode(exchange, {
    grantType: given("grant_type"),
    clientId: unnamed ? (basic?.user ?? "") : clientId,
    clientSecret: unnamed ? (basic?.password ?? "") : clientSecret,
    code: given("code"),
    codeVerifier: given("code_verifier"),
  });
  if (isTokenError(token))
    return token.error === "invalid_client"
      ? json(401, token, { "www-authenticate": 'Basic realm="OAuth2"' })
      : json(400, token);
  return json(200, {
    access_token: token.accessToken,
    id_token: token.accessToken,
    refresh_token: token.refreshToken,
    token_type: token.tokenType,
    expires_in: token.expiresIn,
    scope: token.scope,
  });
}

function tokenParameters(exchange: Exchange): (name: string) => string {
  const form = new URLSearchParams(
    (exchange.headers["content-type"] ?? "").includes("x-www-form-urlencoded") ? exchange.body : "",
  );
  let document: Readonly<Record<string, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(exchange.body);
    if (typeof parsed === "object" && parsed !== null) document = parsed as Readonly<Record<string, unknown>>;
  } catch {
    // A form is not JSON; then there is nothing more to read.
  }
  return (name) => {
    const inBody = document[name];
    return exchange.url.searchParams.get(name) ?? form.get(name) ?? (typeof inBody === "string" ? inBody : "");
  };
}

function basicCredentials(
  header: string | undefined,
): { readonly user: string; readonly password: string } | undefined {
  const encoded = /^Basic (.+)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const at = text.indexOf(":");
  return at < 0 ? undefined : { user: text.slice(0, at), password: text.slice(at + 1) };
}

export interface SignedIn {
  readonly user: User;
  readonly scope: string;
  readonly audience: string;
}

/**
 * Who asks: the owner of a bearer token, else of the session.
 * @throws {Refusal} for a token that is unknown or has expired.
 */
export async function signedInUser(exchange: Exchange): Promise<SignedIn | undefined> {
  const token = bearerToken(exchange);
  if (token !== undefined && token !== "") {
    return ownerOfToken(exchange, token);
  }
  const [owner = "", name = ""] = exchange.session.userId.split("/");
  const user = owner === "" ? undefined : await exchange.store.get("user", owner, name);
  return user === undefined ? undefined : { user, scope: "", audience: "" };
}

async function ownerOfToken(exchange: Exchange, token: string): Promise<SignedIn | undefined> {
  const row = (await exchange.store.find("token", { accessTokenHash: tokenHash(token) }))[0];
  if (row === undefined) throw new Refusal("Access token doesn't exist in database");
  const expires = Date.parse(row.createdTime) + row.expiresIn * 1000;
  if (expires < exchange.now().getTime())
    throw new Refusal(`Access token has expired, expireTime = ${new Date(expires).toISOString()}`);
  const user = await exchange.store.get("user", row.organization, row.user);
  const application = await exchange.store.get("application", "admin", row.application);
  return user === undefined ? undefined : { user, scope: row.scope, audience: application?.clientId ?? "" };
}

function bearerToken(exchange: Exchange): string | undefined {
  return (
    exchange.url.searchParams.get("accessToken") ??
    exchange.url.searchParams.get("access_token") ??
    /^Bearer (.+)$/i.exec(exchange.headers.authorization ?? "")?.[1]
  );
}

/** `GET /api/userinfo`: what the token's scope lets be seen. */
export async function answerUserinfo(exchange: Exchange): Promise<Answer> {
  const signedIn = await signedInUser(exchange);
  if (signedIn === undefined) return loginFirst();
  const { user, scope, audience } = signedIn;
  return json(200, {
    sub: user.id,
    iss: exchange.issuer,
    aud: audience,
    ...(scope.includes("profile") ? { preferred_username: user.name, name: user.displayName } : {}),
    ...(scope.includes("profile") && user.avatar !== "" ? { picture: user.avatar } : {}),
    ...(scope.includes("email") ? { email: user.email, email_verified: true } : {}),
    ...(scope.includes("phone") && user.phone !== "" ? { phone: user.phone } : {}),
  });
}
