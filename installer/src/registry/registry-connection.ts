import type { Http, HttpRequest, HttpResponse } from "../platform/content-ports.ts";
import { isLoopback } from "../platform/loopback.ts";
import { TransportError } from "../platform/transport-error.ts";
import type { Authorization } from "./authorization.ts";
import { drain, printable, readAside, RedirectError } from "./refusal.ts";

export interface RegistryRequest {
  readonly method: HttpRequest["method"];
  /** Below the registry's address, or a whole URL it gave us. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Made again when the request has to be sent again. */
  readonly body?: () => Promise<NonNullable<HttpRequest["body"]>>;
  readonly scopes: readonly string[];
  readonly signal: AbortSignal;
  readonly onSent?: (bytes: number) => void;
}

export interface RegistryResponse extends HttpResponse {
  /** Where the answer came from, after redirects. */
  readonly url: URL;
}

/** One registry's address, spoken to with the right authorization; redirects are followed. Nothing is tried again here. */
export interface RegistryConnection {
  send(request: RegistryRequest): Promise<RegistryResponse>;
  /** Whether http is spoken, once that is known. */
  isPlain(): boolean;
}

export interface ConnectionOptions {
  readonly host: string;
  readonly http: Http;
  /** Without it TLS is spoken; with loopback hosts that turn out not to, plain HTTP. */
  readonly plainHttp: boolean;
  readonly idleTimeoutMs: number;
}

const redirectLimit = 5;
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Opens nothing yet: the first request of each authorization finds out how it is spoken to, and the others wait for that.
 * @param authorizationFor who signs in for these scopes
 */
export function createConnection(
  options: ConnectionOptions,
  authorizationFor: (scopes: readonly string[]) => Authorization | Promise<Authorization>,
): RegistryConnection {
  let origin: Promise<URL> | undefined;
  let plain = options.plainHttp;
  const introduced = new Set<Authorization>();
  const introductions = new Map<Authorization, Promise<unknown>>();

  function address(signal: AbortSignal): Promise<URL> {
    origin ??= findOrigin(options, signal).then(
      (url) => {
        plain = url.protocol === "http:";
        return url;
      },
      (error: unknown) => {
        origin = undefined;
        throw error;
      },
    );
    return origin;
  }

  async function authorized(request: RegistryRequest, auth: Authorization): Promise<RegistryResponse> {
    const home = await address(request.signal);
    for (let attempt = 1; ; attempt += 1) {
      const { scopes, signal } = request;
      const used = await auth.header(scopes, signal);
      const answer = await follow(request, home, used, options).catch((error: unknown) => {
        auth.unanswered(used);
        throw error;
      });
      // What follows may be a request for a token, and all connections may be taken by answers of this kind.
      const response = answer.status === 401 ? await readAside(answer) : answer;
      // Who was sent elsewhere had been let in here.
      const status = sameOrigin(response.url, home) ? response.status : 307;
      const challenge = response.headers["www-authenticate"];
      const contentType = response.headers["content-type"];
      const isWorthAgain = await auth.answered({ status, challenge, contentType, used, scopes, signal });
      if (!isWorthAgain || attempt > 2) return response;
      drain(response.body);
    }
  }

  return {
    isPlain: () => plain,
    send: async (request) => {
      const auth = await authorizationFor(request.scopes);
      while (!introduced.has(auth)) {
        const under = introductions.get(auth);
        if (under !== undefined) {
          await under;
          continue;
        }
        const first = authorized(request, auth);
        introductions.set(
          auth,
          first.then(
            () => introduced.add(auth),
            () => undefined,
          ),
        );
        try {
          return await first;
        } finally {
          introductions.delete(auth);
        }
      }
      return authorized(request, auth);
    },
  };
}

async function follow(
  request: RegistryRequest,
  home: URL,
  authorization: string | undefined,
  options: ConnectionOptions,
): Promise<RegistryResponse> {
  let url = typeof request.target === "string" ? new URL(request.target, home) : request.target;
  let { method } = request;
  let body = request.body;
  for (let hop = 0; ; hop += 1) {
    refuseDowngrade(url, home, options.host);
    const trusted = sameOrigin(url, home) && authorization !== undefined;
    const response = await options.http.request({
      method,
      url,
      headers: { "user-agent": "slipway", ...request.headers, ...(trusted ? { authorization } : {}) },
      ...(body === undefined ? {} : { body: await body() }),
      idleTimeoutMs: options.idleTimeoutMs,
      signal: request.signal,
      ...(request.onSent === undefined ? {} : { onSent: request.onSent }),
    });
    const location = response.headers["location"];
    if (!redirects.has(response.status) || location === undefined) return { ...response, url };
    drain(response.body);
    if (hop === redirectLimit) throw tooManyRedirects(options.host, url);
    url = locate(location, url, options.host);
    if (response.status === 303 && method !== "HEAD") {
      method = "GET";
      body = undefined;
    }
  }
}

/**
 * A Location header as an address.
 * @throws RedirectError when it is not one
 */
export function locate(location: string, base: URL, host: string): URL {
  const url = location.length <= 8192 && URL.canParse(location, base.href) ? new URL(location, base) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    // Its query may hold what the request is signed with.
    const shown = printable(location.split("?", 1)[0] ?? "").slice(0, 80);
    throw new RedirectError(`${host} redirects to something that is not an address: ${JSON.stringify(shown)}`, {
      hint: `check that ${host} is a registry`,
    });
  }
  url.username = "";
  url.password = "";
  return url;
}

function tooManyRedirects(host: string, last: URL): RedirectError {
  return new RedirectError(`${host} redirects more than ${redirectLimit} times, perhaps in a circle`, {
    details: [`the last redirect came from ${last.host}${last.pathname}`],
    hint: "look at the registry's external address and at the proxy before it",
  });
}

function refuseDowngrade(url: URL, home: URL, host: string): void {
  if (home.protocol !== "https:" || url.protocol === "https:") return;
  throw new RedirectError(`${host} redirects from https to http, to ${url.host}`, {
    hint: "set the registry's external address to https, or have its proxy send X-Forwarded-Proto: https",
  });
}

function sameOrigin(a: URL, b: URL): boolean {
  return a.protocol === b.protocol && a.host === b.host;
}

async function findOrigin(options: ConnectionOptions, signal: AbortSignal): Promise<URL> {
  const { host, http, idleTimeoutMs } = options;
  const authority = host === "docker.io" ? "registry-1.docker.io" : host;
  if (options.plainHttp) return new URL(`http://${authority}/`);
  const secure = new URL(`https://${authority}/`);
  if (!isLoopback(secure.hostname)) return secure;
  try {
    const response = await http.request({
      method: "GET",
      url: new URL("v2/", secure),
      headers: { "user-agent": "slipway" },
      idleTimeoutMs,
      signal,
    });
    drain(response.body);
    return secure;
  } catch (error) {
    const speaksPlain =
      error instanceof TransportError && (error.tls === "plain" || ["reset", "protocol"].includes(error.fault));
    if (speaksPlain) return new URL(`http://${authority}/`);
    throw error;
  }
}
