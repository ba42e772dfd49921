import { RegistryError } from "../errors/installer-error.ts";
import type { Http, HttpResponse } from "../platform/content-ports.ts";
import type { Clock } from "../platform/ports.ts";
import { basicHeader, type Credentials } from "./credentials.ts";
import { readBounded, readRefusal } from "./refusal.ts";
import type { Token } from "./token-book.ts";
import { readClaims } from "./token-claims.ts";
import { rightsOf } from "./token-scopes.ts";

export interface TokenServiceOptions {
  /** The registry's, for messages. */
  readonly host: string;
  readonly http: Http;
  readonly clock: Clock;
  /** Whether tokens may be fetched over plain HTTP from this host. */
  readonly allowPlain: (hostname: string) => boolean;
  readonly idleTimeoutMs: number;
}

export interface TokenRequest {
  readonly realm: URL;
  readonly service: string | undefined;
  /** Without any a token service only says whether it knows the user. */
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  readonly signal: AbortSignal;
}

/** Harbor has no setting of that name: it makes the realm of its own address. */
const onHarbor = "; on Harbor that is external_url in harbor.yml, externalURL of its chart";
const answerLimit = 1024 * 1024;
/** What the token specification has where a server does not say. */
const defaultLifeSeconds = 60;

/**
 * Where tokens are fetched. Credentials go there, so it must be as well protected as the registry itself.
 * @throws RegistryError when it is not an address, or not protected
 */
export function realmOf(realm: string, options: TokenServiceOptions): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new RegistryError(`${options.host} names a token service that is not an address`, {
      hint: `set the realm of its token authentication to a full URL${onHarbor}`,
    });
  }
  if (url.protocol === "http:" && !options.allowPlain(url.hostname)) {
    throw new RegistryError(`${options.host} sends passwords in the clear to ${url.host}`, {
      hint: `set the realm of its token authentication to an https address${onHarbor}`,
    });
  }
  url.username = "";
  url.password = "";
  return url;
}

/**
 * Distribution token authentication: GET with user and password, or OAuth2 POST with a refresh token. One request.
 * @throws Refusal, TransportError; RegistryError when the answer is not a token
 */
export async function fetchToken(request: TokenRequest, options: TokenServiceOptions): Promise<Token> {
  const { scopes } = request;
  const asked = options.clock.monotonicMs();
  const response = await ask(request, options);
  if (response.status !== 200) throw await readRefusal(response);
  const { token, seconds } = parseToken(await readBounded(response.body, answerLimit), options.host);
  const life = seconds * 1000;
  return {
    header: `Bearer ${token}`,
    scopes,
    rights: new Set(rightsOf(scopes)),
    claims: readClaims(token),
    staleAt: asked + life - Math.min(30_000, life * 0.2),
  };
}

function ask(request: TokenRequest, { http, idleTimeoutMs }: TokenServiceOptions): Promise<HttpResponse> {
  const { realm, service, scopes, credentials, signal } = request;
  const url = new URL(realm);
  const timing = { idleTimeoutMs, signal };
  const accept = "application/json";
  if (credentials?.kind === "identity-token") {
    const form = new URLSearchParams({ grant_type: "refresh_token", client_id: "slipway", scope: scopes.join(" ") });
    form.set("refresh_token", credentials.token);
    if (service !== undefined) form.set("service", service);
    const headers = { "content-type": "application/x-www-form-urlencoded", accept };
    return http.request({ method: "POST", url, headers, body: Buffer.from(form.toString()), ...timing });
  }
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const headers = credentials === undefined ? { accept } : { accept, authorization: basicHeader(credentials) };
  return http.request({ method: "GET", url, headers, ...timing });
}

function parseToken(body: Buffer, host: string): { readonly token: string; readonly seconds: number } {
  try {
    const answer = JSON.parse(body.toString("utf8")) as Record<string, unknown>;
    // Harbor sends both and leaves one empty.
    const token = [answer["token"], answer["access_token"]].find((text) => text !== "" && text !== undefined);
    const seconds = answer["expires_in"];
    if (typeof token === "string" && /^[\x21-\x7e]+$/.test(token)) {
      return { token, seconds: typeof seconds === "number" && seconds > 0 ? seconds : defaultLifeSeconds };
    }
  } catch {
    // Told below, without what was read: it may hold a token.
  }
  throw new RegistryError(`the token service of ${host} does not answer with a token`, {
    hint: `check that ${host} is the registry's address and its token authentication is set up`,
  });
}
