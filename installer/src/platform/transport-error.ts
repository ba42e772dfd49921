import type { HttpRequest, TransportFault } from "./content-ports.ts";
import type { Proxy } from "./proxies.ts";

/** What exactly was wrong with TLS. */
export type TlsProblem = "unknown-ca" | "expired" | "not-yet-valid" | "wrong-name" | "plain" | "client" | "other";

/** No whole answer came. The message is for people and never holds credentials. */
export class TransportError extends Error {
  readonly fault: TransportFault;
  readonly tls: TlsProblem | undefined;
  /** Code of the system or of TLS: `ECONNRESET`; the status of a proxy that refuses. */
  readonly code: string | undefined;
  /** Host and port that were to be reached, as a URL has them: the registry, or where it sent the request on to. */
  readonly host: string | undefined;
  /** The proxy on the way, as messages name it. */
  readonly proxy: string | undefined;

  constructor(
    fault: TransportFault,
    message: string,
    options: {
      readonly tls?: TlsProblem;
      readonly code?: string;
      readonly host?: string;
      readonly proxy?: Proxy | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "TransportError";
    this.fault = fault;
    this.tls = options.tls;
    this.code = options.code;
    this.host = options.host;
    this.proxy = options.proxy === undefined ? undefined : nameProxy(options.proxy);
  }
}

/** What was sent, and which way. */
interface Sent {
  readonly request: HttpRequest;
  readonly proxy: Proxy | undefined;
  /** Nobody but the proxy had part in what failed. */
  readonly isOfProxy?: boolean;
}

/** Method, host and path; a query may hold what others sign requests with. */
export function describeRequest(request: HttpRequest): string {
  return `${request.method} ${request.url.host}${request.url.pathname}`;
}

/** `the proxy proxy.corp:3128 (HTTPS_PROXY)`, without user and password. */
export function nameProxy({ host, variable }: Proxy): string {
  return host === "" ? `the proxy in ${variable}` : `the proxy ${host} (${variable})`;
}

/** The variable holds something that no connection can be made with. */
export function proxyUnusable(proxy: Proxy, request: HttpRequest): TransportError {
  const message = `${nameProxy(proxy)} ${proxy.problem ?? "cannot be used"}, so ${request.url.host} is not asked`;
  return new TransportError("proxy", message, { proxy });
}

/** 407, in the tunnel's beginning or as an answer. */
export function proxyRefused({ request, proxy }: Sent): TransportError {
  const who = proxy === undefined ? "a proxy" : nameProxy(proxy);
  const message = `${who} asks for a user and password on the way to ${request.url.host} (407)`;
  return new TransportError("proxy", message, { code: "407", proxy });
}

const unknownAuthority = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_UNTRUSTED",
  "CERT_SIGNATURE_FAILURE",
]);

const faults: Readonly<Record<string, TransportFault>> = {
  ENOTFOUND: "dns",
  EAI_AGAIN: "dns",
  EAI_FAIL: "dns",
  ECONNREFUSED: "refused",
  EHOSTUNREACH: "refused",
  ENETUNREACH: "refused",
  EACCES: "blocked",
  EPERM: "blocked",
  ETIMEDOUT: "stalled",
  ECONNRESET: "reset",
  EPIPE: "reset",
  ECONNABORTED: "reset",
  ABORT_ERR: "aborted",
};

/** What Node and the system report, as the one fault it is. */
export function toTransportError(error: NodeJS.ErrnoException, sent: Sent): TransportError {
  if (error instanceof TransportError) return error;
  const { request, proxy } = sent;
  const code = error.code ?? "";
  const what = describeRequest(request);
  const way = { host: request.url.host, proxy };
  if (request.signal.aborted) return new TransportError("aborted", "the request was given up", { cause: error });
  if (code === "ERR_PROXY_TUNNEL") return noTunnel(error.message, sent);
  const tls = tlsProblem(code, error.message);
  if (tls !== undefined && proxy !== undefined && sent.isOfProxy === true) {
    return new TransportError("proxy", `TLS with ${nameProxy(proxy)} failed: ${code}`, {
      tls,
      code,
      proxy,
      cause: error,
    });
  }
  if (tls !== undefined) {
    return new TransportError("tls", `${what}: TLS failed: ${code}`, { ...way, tls, code, cause: error });
  }
  const { fault, first } = faultOf(error);
  if (proxy !== undefined && fault !== "blocked" && isBeforeConnection(first)) {
    return proxyOutOfReach(proxy, fault, first.code ?? code);
  }
  return new TransportError(fault, `${what}: ${code === "" ? error.message : code}`, { ...way, code, cause: error });
}

/** Some addresses of a name may have refused and others not answered: the first tells enough. */
function faultOf(error: NodeJS.ErrnoException): {
  readonly fault: TransportFault;
  readonly first: NodeJS.ErrnoException;
} {
  const [inner] = error instanceof AggregateError ? (error.errors as readonly NodeJS.ErrnoException[]) : [];
  const first = inner ?? error;
  return { fault: faults[error.code ?? ""] ?? faults[first.code ?? ""] ?? "protocol", first };
}

/** Whoever was to be connected to was not: with a proxy on the way, that is the proxy. */
function isBeforeConnection({ syscall }: NodeJS.ErrnoException): boolean {
  return syscall === "connect" || syscall === "getaddrinfo";
}

function proxyOutOfReach(proxy: Proxy, fault: TransportFault, code: string): TransportError {
  const why = fault === "dns" ? "its name is not known here" : "nothing answers there";
  return new TransportError("proxy", `${nameProxy(proxy)} cannot be reached: ${why} (${code})`, { code, proxy });
}

/** The proxy did not make the connection. Node's own message names the proxy with its password, and goes nowhere. */
function noTunnel(message: string, sent: Sent): TransportError {
  const { request, proxy } = sent;
  const status = /\bHTTP\/1\.\d (\d{3})\b/.exec(message)?.[1];
  if (status === "407") return proxyRefused(sent);
  const who = proxy === undefined ? "a proxy" : nameProxy(proxy);
  const text = `${who} does not connect to ${request.url.host} (${status ?? "no answer"})`;
  return new TransportError("proxy", text, { code: status ?? "ERR_PROXY_TUNNEL", proxy });
}

/** Failures of the handshake itself have one code, and OpenSSL's words in the message. */
export function tlsProblem(code: string, message: string): TlsProblem | undefined {
  if (unknownAuthority.has(code)) return "unknown-ca";
  if (code === "CERT_HAS_EXPIRED") return "expired";
  if (code === "CERT_NOT_YET_VALID") return "not-yet-valid";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "wrong-name";
  if (!/^(ERR_SSL_|ERR_TLS_|EPROTO|CERT_)/.test(code)) return undefined;
  const words = `${code} ${message}`.toLowerCase().replaceAll("_", " ");
  if (/wrong version number|packet length too long|http request|record layer failure/.test(words)) return "plain";
  return /alert.*(certificate|handshake failure|unknown ca)|handshake failure/.test(words) ? "client" : "other";
}
