import { RegistryError } from "../errors/installer-error.ts";
import type { Http } from "../platform/content-ports.ts";
import type { Clock } from "../platform/ports.ts";
import { type Challenge, parseChallenge } from "./challenge.ts";
import type { Credentials, CredentialStore } from "./credentials.ts";
import { readBounded, readRefusal, Refusal } from "./refusal.ts";
import { explainFailure } from "./registry-errors.ts";
import type { Retrier } from "./retry.ts";

export interface Authorization {
  /** The header for these scopes; undefined while the registry has not asked for one. */
  header(scopes: readonly string[], signal: AbortSignal): Promise<string | undefined>;
  /**
   * The registry answered 401 to `used`. Says whether the same request, with a new header, is worth sending.
   * @throws RegistryError when user and password were refused
   */
  challenged(header: string | undefined, used: string | undefined): Promise<boolean>;
  /** Whether a user and password, or a token of theirs, are used. */
  signedIn(): boolean;
}

export interface AuthorizationOptions {
  readonly host: string;
  readonly http: Http;
  readonly clock: Clock;
  readonly credentials: CredentialStore;
  readonly retrier: Retrier;
  /** Whether tokens may be fetched over plain HTTP from this host. */
  readonly allowPlain: (hostname: string) => boolean;
  readonly idleTimeoutMs: number;
}

interface Token {
  readonly scopes: ReadonlySet<string>;
  readonly header: string;
  /** Of the monotonic clock: not used any more from then on. */
  readonly staleAt: number;
}

const answerLimit = 1024 * 1024;
/** What the token specification has where a server does not say. */
const defaultLifeSeconds = 60;
const cachedTokens = 500;

/** Signs in the way the registry asks: not at all, with user and password, or with tokens by scope that are renewed in time. */
export function createAuthorization(options: AuthorizationOptions): Authorization {
  const { host, clock } = options;
  let challenge: Challenge | undefined;
  let credentials: Credentials | undefined;
  let refused: RegistryError | undefined;
  let tokens: readonly Token[] = [];
  const pending = new Map<string, Promise<Token>>();

  /** Scopes asked for together with the same first one grow, so that one token serves a repository with all its mounts. */
  function widened(scopes: readonly string[]): readonly string[] {
    const [first = ""] = scopes;
    const known = tokens.filter((token) => [...token.scopes][0] === first).flatMap((token) => [...token.scopes]);
    return [...new Set([first, ...scopes, ...known])].filter((scope) => scope !== "").slice(0, 50);
  }

  async function tokenFor(scopes: readonly string[], signal: AbortSignal): Promise<Token> {
    const now = clock.monotonicMs();
    const fitting = tokens.find((token) => now < token.staleAt && scopes.every((scope) => token.scopes.has(scope)));
    if (fitting !== undefined) return fitting;
    const wanted = widened(scopes);
    const key = wanted.join(" ");
    const under = pending.get(key) ?? obtain(wanted, signal).finally(() => pending.delete(key));
    pending.set(key, under);
    return under;
  }

  async function obtain(scopes: readonly string[], signal: AbortSignal): Promise<Token> {
    if (challenge?.scheme !== "bearer") throw new RegistryError(`${host} asks for no token`);
    const asked = { realm: realmOf(challenge.realm, options), service: challenge.service, scopes, credentials, signal };
    try {
      const token = await options.retrier.run(`token of ${host}`, signal, () => fetchToken(asked, options));
      const [first] = scopes;
      const rest = tokens.filter((other) => [...other.scopes][0] !== first && clock.monotonicMs() < other.staleAt);
      tokens = [token, ...rest].slice(0, cachedTokens);
      return token;
    } catch (error) {
      if (error instanceof Refusal && (error.status === 401 || error.status === 403)) {
        throw (refused = signInRefused(host, credentials, error));
      }
      const errand = {
        host: asked.realm.host,
        object: "the token",
        repository: host,
        action: "read",
        signedIn: false,
      } as const;
      throw explainFailure(error, errand);
    }
  }

  return {
    signedIn: () => credentials !== undefined,
    header: async (scopes, signal) => {
      if (refused !== undefined) throw refused;
      if (challenge === undefined) return undefined;
      if (challenge.scheme === "bearer") return (await tokenFor(scopes, signal)).header;
      return credentials?.kind === "password" ? basic(credentials) : undefined;
    },
    challenged: async (header, used) => {
      if (used?.startsWith("Basic ") === true) {
        // Asking again with a wrong password may lock the account: it is never sent a second time.
        throw (refused = signInRefused(host, credentials));
      }
      const wanted = header === undefined ? undefined : parseChallenge(header);
      if (wanted === undefined) return false;
      credentials ??= await options.credentials.find(host);
      // Harbor asks for user and password when a token is not enough. They were right when they got that token, so
      // sending them would only turn a missing right into a wrong password: the token is renewed instead.
      if (wanted.scheme === "bearer" || used === undefined) challenge = wanted;
      if (challenge?.scheme === "basic") return credentials?.kind === "password";
      tokens = tokens.filter((token) => token.header !== used);
      return true;
    },
  };
}

function basic(credentials: Extract<Credentials, { kind: "password" }>): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
}

function signInRefused(host: string, credentials: Credentials | undefined, cause?: Refusal): RegistryError {
  if (credentials === undefined) {
    return new RegistryError(`${host} asks for a user and password`, {
      cause,
      hint: `run docker login ${host}, or give --username and --password-file`,
    });
  }
  const who = credentials.kind === "password" ? `user ${credentials.username}` : "stored token";
  return new RegistryError(`${host} does not accept the ${who}: the password is wrong or the account is locked`, {
    cause,
    hint: `run docker login ${host} again, or give --username and --password-file; robot accounts expire, and their names start with robot$`,
  });
}

/** Where tokens are fetched. Credentials go there, so it must be as well protected as the registry itself. */
function realmOf(realm: string, options: AuthorizationOptions): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new RegistryError(`${options.host} names a token service that is not an address`, {
      hint: "set the realm of its token authentication to a full URL",
    });
  }
  if (url.protocol === "http:" && !options.allowPlain(url.hostname)) {
    throw new RegistryError(`${options.host} sends passwords in the clear to ${url.host}`, {
      hint: "set the realm of its token authentication to an https address",
    });
  }
  url.username = "";
  url.password = "";
  return url;
}

interface TokenRequest {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  readonly signal: AbortSignal;
}

/** Distribution token authentication: GET with user and password, or OAuth2 POST with a refresh token. */
async function fetchToken(request: TokenRequest, options: AuthorizationOptions): Promise<Token> {
  const { realm, service, scopes, credentials, signal } = request;
  const { http, clock, idleTimeoutMs, host } = options;
  const asked = clock.monotonicMs();
  const url = new URL(realm);
  const timing = { idleTimeoutMs, signal };
  let response;
  if (credentials?.kind === "identity-token") {
    const form = new URLSearchParams({ grant_type: "refresh_token", client_id: "slipway", scope: scopes.join(" ") });
    form.set("refresh_token", credentials.token);
    if (service !== undefined) form.set("service", service);
    const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
    response = await http.request({ method: "POST", url, headers, body: Buffer.from(form.toString()), ...timing });
  } else {
    if (service !== undefined) url.searchParams.set("service", service);
    for (const scope of scopes) url.searchParams.append("scope", scope);
    const headers = credentials === undefined ? {} : { authorization: basic(credentials) };
    response = await http.request({
      method: "GET",
      url,
      headers: { accept: "application/json", ...headers },
      ...timing,
    });
  }
  if (response.status !== 200) throw await readRefusal(response);
  const { token, seconds } = parseToken(await readBounded(response.body, answerLimit), host);
  const life = seconds * 1000;
  return { scopes: new Set(scopes), header: `Bearer ${token}`, staleAt: asked + life - Math.min(30_000, life * 0.2) };
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
