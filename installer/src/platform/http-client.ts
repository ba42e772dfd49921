import { Agent as PlainAgent, type ClientRequest, type IncomingMessage, request as plainRequest } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { discard } from "./spent-buffers.ts";
import type { Http, HttpRequest, HttpResponse, HttpSettings, TransportFault } from "./content-ports.ts";

/** What exactly was wrong with TLS. */
export type TlsProblem = "unknown-ca" | "expired" | "not-yet-valid" | "wrong-name" | "plain" | "client" | "other";

/** No whole answer came. The message is for people and never holds credentials. */
export class TransportError extends Error {
  readonly fault: TransportFault;
  readonly tls: TlsProblem | undefined;
  /** Code of the system or of TLS: `ECONNRESET`. */
  readonly code: string | undefined;

  constructor(
    fault: TransportFault,
    message: string,
    options: { readonly tls?: TlsProblem; readonly code?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "TransportError";
    this.fault = fault;
    this.tls = options.tls;
    this.code = options.code;
  }
}

/** HTTP/1.1 over kept connections, as many to one host as the settings say; proxies as the environment names them. */
export function createHttp(settings: HttpSettings): Http {
  const shared = {
    keepAlive: true,
    maxSockets: settings.connections,
    maxFreeSockets: settings.connections,
    proxyEnv: settings.environment,
  };
  const plain = new PlainAgent(shared);
  let secure: SecureAgent | undefined;
  const secureAgent = (): SecureAgent =>
    (secure ??= new SecureAgent({ ...shared, secureContext: trust(settings), rejectUnauthorized: true }));
  return {
    request: (request) => send(request, request.url.protocol === "https:" ? secureAgent() : plain),
    close: () => {
      plain.destroy();
      secure?.destroy();
    },
  };
}

/** One context for all connections: reading the system's authorities takes a tenth of a second. */
function trust(settings: HttpSettings): SecureContext {
  const { ca, certificate } = settings;
  try {
    return createSecureContext({
      ca: [...new Set([...getCACertificates("default"), ...systemAuthorities(), ...(ca === undefined ? [] : [ca])])],
      ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }),
    });
  } catch (error) {
    throw new TransportError("tls", "the certificate authority, client certificate or its key cannot be read as PEM", {
      tls: "client",
      cause: error,
    });
  }
}

function systemAuthorities(): readonly string[] {
  try {
    return getCACertificates("system");
  } catch {
    // A machine without a store of its own still has the one built in.
    return [];
  }
}

function send(request: HttpRequest, agent: PlainAgent | SecureAgent): Promise<HttpResponse> {
  const { url, method, signal, idleTimeoutMs } = request;
  const { body } = request;
  const source = body === undefined || body instanceof Uint8Array ? undefined : body;
  return new Promise<HttpResponse>((resolve, reject) => {
    if (signal.aborted) {
      source?.stream.destroy();
      reject(new TransportError("aborted", "the request was given up"));
      return;
    }
    const size = body === undefined ? undefined : body instanceof Uint8Array ? body.length : body.size;
    const start = url.protocol === "https:" ? secureRequest : plainRequest;
    const sent = start(url, {
      method,
      agent,
      signal,
      timeout: idleTimeoutMs,
      headers: { ...request.headers, ...(size === undefined ? noBody(method) : { "content-length": String(size) }) },
    });
    const exchange: Exchange = {
      request,
      sent,
      source,
      response: undefined,
      failed: undefined,
      fed: source === undefined,
    };
    const fail = (error: Error): void => {
      exchange.failed ??= error;
      sent.destroy();
      source?.stream.destroy();
      reject(exchange.failed);
    };
    sent.on("timeout", () => onIdle(exchange, fail));
    sent.on("error", (error: NodeJS.ErrnoException) => fail(exchange.failed ?? toTransportError(error, request)));
    sent.on("response", (response) => onResponse(exchange, response, resolve, fail));
    if (source === undefined) sent.end(body);
    else feed(exchange, source, fail);
  });
}

interface Exchange {
  readonly request: HttpRequest;
  readonly sent: ClientRequest;
  readonly source: { readonly size: number; readonly stream: NodeJS.ReadableStream & { destroy(): void } } | undefined;
  response: IncomingMessage | undefined;
  failed: Error | undefined;
  /** The whole body was handed over. */
  fed: boolean;
}

type Fail = (error: Error) => void;

function noBody(method: string): Readonly<Record<string, string>> {
  return method === "GET" || method === "HEAD" ? {} : { "content-length": "0" };
}

/** Pumps the body by hand: the length is part of the promise, and each chunk is counted as it leaves. */
function feed(exchange: Exchange, source: NonNullable<Exchange["source"]>, fail: Fail): void {
  const { sent, request } = exchange;
  const { stream, size } = source;
  let left = size;
  stream.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) {
      fail(
        new TransportError("protocol", `the body for ${describe(request)} is longer than the ${size} bytes announced`),
      );
      return;
    }
    request.onSent?.(chunk.length);
    if (!sent.write(chunk, () => discard(chunk))) stream.pause();
  });
  sent.on("drain", () => stream.resume());
  const tooShort = (): TransportError =>
    new TransportError("protocol", `the body for ${describe(request)} ends ${left} bytes before its ${size}`);
  stream.on("end", () => {
    if (left > 0) {
      fail(tooShort());
      return;
    }
    exchange.fed = true;
    sent.end();
  });
  // A source that is closed by somebody else has no end and no error, and would be waited for without end.
  stream.on("close", () => {
    if (!exchange.fed && exchange.response === undefined && exchange.failed === undefined) fail(tooShort());
  });
  // A source that fails says why itself: its error is the caller's, not the network's.
  stream.on("error", (error: Error) => fail(error));
}

function onResponse(
  exchange: Exchange,
  response: IncomingMessage,
  resolve: (response: HttpResponse) => void,
  fail: Fail,
): void {
  const { request, sent, source } = exchange;
  exchange.response = response;
  const status = response.statusCode ?? 0;
  if (status === 407) {
    response.resume();
    fail(proxyRefused(request));
    return;
  }
  if (!exchange.fed) {
    // Answered before it had everything: nothing more is sent, and the connection is of no further use.
    source?.stream.removeAllListeners("data");
    source?.stream.destroy();
    response.once("close", () => sent.destroy());
  }
  response.once("error", () => undefined);
  const explain = response.destroy.bind(response);
  response.destroy = (error?: Error) =>
    explain(error === undefined ? exchange.failed : (exchange.failed ?? toTransportError(error, request)));
  resolve({ status, headers: flatten(response), body: response });
}

/**
 * Turns of the event loop before silence is laid on the other side: when it was this process that was held up, what has come in the
 * meantime is read in them.
 */
const graceTurns = 3;

/** Nothing moved for a while; whose fault that is decides. */
function onIdle(exchange: Exchange, fail: Fail): void {
  const { request, sent } = exchange;
  const before = bytesMoved(sent);
  const look = (turnsLeft: number): void => {
    if (exchange.failed !== undefined || exchange.response?.complete === true) return;
    if (waitsOnThisSide(exchange) || bytesMoved(sent) !== before) sent.socket?.setTimeout(request.idleTimeoutMs);
    else if (turnsLeft > 0) setImmediate(look, turnsLeft - 1);
    else stall(exchange, fail);
  };
  look(graceTurns);
}

function bytesMoved({ socket }: ClientRequest): number {
  return (socket?.bytesRead ?? 0) + (socket?.bytesWritten ?? 0);
}

/** The reader of the answer or the source of the body takes its time. */
function waitsOnThisSide({ sent, response, fed }: Exchange): boolean {
  if (response !== undefined) return response.readableLength > 0;
  return !fed && sent.writableLength === 0 && sent.socket?.connecting === false;
}

function stall(exchange: Exchange, fail: Fail): void {
  const { request, response } = exchange;
  const seconds = Math.ceil(request.idleTimeoutMs / 1000);
  const error = new TransportError("stalled", `${describe(request)}: no byte moved for ${seconds} s`);
  exchange.failed ??= error;
  response?.destroy(error);
  fail(error);
}

function flatten(response: IncomingMessage): Readonly<Record<string, string>> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}

/** Method, host and path; a query may hold what others sign requests with. */
function describe(request: HttpRequest): string {
  return `${request.method} ${request.url.host}${request.url.pathname}`;
}

function proxyRefused(request: HttpRequest): TransportError {
  return new TransportError("proxy", `the proxy asks for a user and password on the way to ${request.url.host} (407)`);
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

function toTransportError(error: NodeJS.ErrnoException, request: HttpRequest): TransportError {
  if (error instanceof TransportError) return error;
  const code = error.code ?? "";
  const what = describe(request);
  if (request.signal.aborted) return new TransportError("aborted", "the request was given up", { cause: error });
  if (code === "ERR_PROXY_TUNNEL") {
    if (/\b407\b/.test(error.message)) return proxyRefused(request);
    return new TransportError("proxy", `the proxy does not connect to ${request.url.host}`, { code, cause: error });
  }
  const tls = tlsProblem(code, error.message);
  if (tls !== undefined) return new TransportError("tls", `${what}: TLS failed: ${code}`, { tls, code, cause: error });
  // Some addresses of the name refused and others did not answer: the first tells enough.
  const inner =
    error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException | undefined)?.code : undefined;
  const fault = faults[code] ?? faults[inner ?? ""] ?? "protocol";
  return new TransportError(fault, `${what}: ${code === "" ? error.message : code}`, { code, cause: error });
}

/** Failures of the handshake itself have one code, and OpenSSL's words in the message. */
function tlsProblem(code: string, message: string): TlsProblem | undefined {
  if (unknownAuthority.has(code)) return "unknown-ca";
  if (code === "CERT_HAS_EXPIRED") return "expired";
  if (code === "CERT_NOT_YET_VALID") return "not-yet-valid";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "wrong-name";
  if (!/^(ERR_SSL_|ERR_TLS_|EPROTO|CERT_)/.test(code)) return undefined;
  const words = `${code} ${message}`.toLowerCase().replaceAll("_", " ");
  if (/wrong version number|packet length too long|http request|record layer failure/.test(words)) return "plain";
  return /alert.*(certificate|handshake failure|unknown ca)|handshake failure/.test(words) ? "client" : "other";
}
