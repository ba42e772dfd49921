import { createHash, randomBytes } from "node:crypto";
import { type Application, completeRecord, type Token, type User } from "./records.ts";
import { isRedirectAllowed } from "./redirects.ts";
import { Refusal } from "./signin.ts";
import type { Store } from "./store.ts";
import { signTokens, tokenHash } from "./tokens.ts";

const codeSeconds = 300;

export interface OauthContext {
  readonly store: Store;
  readonly now: () => Date;
}

export interface CodeRequest {
  readonly clientId: string;
  readonly responseType: string;
  readonly redirectUri: string;
  readonly scope: string;
  readonly nonce: string;
  readonly codeChallenge: string;
  readonly signinMethod: string;
  readonly provider?: string;
  readonly issuer: string;
}

/** An answer of the token endpoint that is not a token. */
export interface TokenError {
  readonly error: string;
  readonly error_description: string;
}

/**
 * The application an authorization request names, if the request is one Casdoor accepts.
 * @throws {Refusal} for an unknown client, another response type, a redirect address or scope that is not listed.
 */
export async function checkAuthorization(
  store: Store,
  request: Pick<CodeRequest, "clientId" | "responseType" | "redirectUri" | "scope">,
): Promise<Application> {
  if (!["code", "token", "id_token"].includes(request.responseType))
    throw new Refusal(`Grant_type: ${request.responseType} is not supported in this application`);
  const application =
    request.clientId === "" ? undefined : (await store.find("application", { clientId: request.clientId }))[0];
  if (application === undefined) throw new Refusal("Invalid client_id");
  if (!isRedirectAllowed(application, request.redirectUri))
    throw new Refusal(`Redirect URI: ${request.redirectUri} doesn't exist in the allowed Redirect URI list`);
  const listed = (application.scopes ?? []).map((scope) => scope.name);
  const asked = request.scope.split(/\s+/).filter((scope) => scope !== "");
  if (listed.length > 0 && asked.some((scope) => !listed.includes(scope))) throw new Refusal("Invalid scope");
  return application;
}

/**
 * Makes the code of a login: a token that waits to be fetched, once, within five minutes.
 * @throws {Refusal} as `checkAuthorization`.
 */
export async function createCode(context: OauthContext, user: User, request: CodeRequest): Promise<string> {
  const application = await checkAuthorization(context.store, request);
  const token = await newToken(context, application, user, request);
  await context.store.insert("token", token);
  return token.code;
}

export async function newToken(
  context: OauthContext,
  application: Application,
  user: User,
  request: Pick<CodeRequest, "scope" | "nonce" | "codeChallenge" | "signinMethod" | "provider" | "issuer">,
): Promise<Token> {
  const certName = application.cert === "" ? "cert-built-in" : application.cert;
  const signed = signTokens({
    application,
    user,
    cert: (await context.store.find("cert", { name: certName }))[0],
    issuer: request.issuer,
    scope: request.scope,
    nonce: request.nonce,
    signinMethod: request.signinMethod,
    ...(request.provider === undefined ? {} : { provider: request.provider }),
    now: context.now(),
  });
  return completeRecord("token", {
    owner: application.owner,
    name: signed.name,
    createdTime: context.now().toISOString(),
    application: application.name,
    organization: user.owner,
    user: user.name,
    code: randomBytes(10).toString("hex"),
    accessToken: signed.accessToken,
    refreshToken: signed.refreshToken,
    accessTokenHash: tokenHash(signed.accessToken),
    refreshTokenHash: tokenHash(signed.refreshToken),
    expiresIn: Math.round(application.expireInHours * 3600),
    scope: request.scope,
    tokenType: "Bearer",
    codeChallenge: request.codeChallenge === "null" ? "" : request.codeChallenge,
    codeExpireIn: Math.floor(context.now().getTime() / 1000) + codeSeconds,
  });
}

export interface ExchangeRequest {
  readonly grantType: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly code: string;
  readonly codeVerifier: string;
}

/** The token endpoint: an authorization code against its token, or the error Casdoor would name. */
export async function exchangeCode(context: OauthContext, request: ExchangeRequest): Promise<Token | TokenError> {
  const { store } = context;
  const application =
    request.clientId === "" ? undefined : (await store.find("application", { clientId: request.clientId }))[0];
  if (application === undefined) return refused("invalid_client", "client_id is invalid");
  if (request.grantType !== "authorization_code")
    return refused("unsupported_grant_type", `grant_type: ${request.grantType} is not supported in this application`);
  if (request.code === "") return refused("invalid_request", "authorization code should not be empty");
  const token = (await store.find("token", { code: request.code }))[0];
  if (token === undefined) return refused("invalid_grant", `authorization code: [${request.code}] is invalid`);
  const problem = exchangeProblem(application, token, request, Math.floor(context.now().getTime() / 1000));
  if (problem !== undefined) return problem;
  await store.update("token", token, { codeIsUsed: true });
  return token;
}

function exchangeProblem(
  application: Application,
  token: Token,
  request: ExchangeRequest,
  nowSeconds: number,
): TokenError | undefined {
  if (token.codeIsUsed)
    return refused("invalid_grant", `authorization code has been used for token: [${token.owner}/${token.name}]`);
  if (token.codeChallenge !== "" && challengeOf(request.codeVerifier) !== token.codeChallenge)
    return refused("invalid_grant", "verifier is invalid");
  const secretNeeded = token.codeChallenge === "" || request.clientSecret !== "";
  if (secretNeeded && application.clientSecret !== request.clientSecret)
    return refused(
      "invalid_client",
      `client_secret is invalid for application: [${application.owner}/${application.name}]`,
    );
  if (application.name !== token.application)
    return refused(
      "invalid_grant",
      `the token is for wrong application (client_id), application.Name: [${application.name}]`,
    );
  if (nowSeconds > token.codeExpireIn) return refused("invalid_grant", "authorization code has expired");
  return undefined;
}

function challengeOf(verifier: string): string {
  return createHash("sha256").update(verifier).digest("base64url");
}

function refused(error: string, description: string): TokenError {
  return { error, error_description: description };
}

export function isTokenError(answer: Token | TokenError): answer is TokenError {
  return "error" in answer;
}
