import { exchangeCode, isTokenError } from "./oauth.ts";
import { basicCredentials } from "./credentials.ts";
import { type Answer, type Exchange, json, loginFirst } from "./exchange.ts";
import { askingUser, type Subject } from "./subject.ts";

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

/** `GET /api/userinfo`: what the token's scope lets be seen. */
export async function answerUserinfo(exchange: Exchange, subject: Subject): Promise<Answer> {
  const user = await askingUser(exchange, subject);
  if (user === undefined) return loginFirst();
  const { scope, audience } = subject;
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
