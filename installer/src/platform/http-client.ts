import { Agent as PlainAgent, type ClientRequest, type IncomingMessage, request as plainRequest } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { Duplex } from "node:stream";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import type { Http, HttpRequest, HttpResponse, HttpSettings } from "./content-ports.ts";
import { type Proxy, readProxies } from "./proxies.ts";
import { discard } from "./spent-buffers.ts";
import {
  describeRequest,
  nameProxy,
  proxyRefused,
  proxyUnusable,
  toTransportError,
  TransportError,
} from "./transport-error.ts";

/** HTTP/1.1 over kept connections, as many to one host as the settings say; proxies as the environment names them. */
export function createHttp(settings: HttpSettings): Http {
  const proxyOf = readProxies(settings.environment);
  const agents = new Map<string, Agent>();
  let context: SecureContext | undefined;

  function agentFor(protocol: string, proxy: Proxy | undefined): Agent {
    const key = `${protocol}${proxy === undefined ? "" : ` by ${proxy.href}`}`;
    let agent = agents.get(key);
    if (agent === undefined) {
      agent =
        protocol === "https:"
          ? secureAgent(settings, proxy, (context ??= trust(settings)))
          : plainAgent(settings, proxy);
      agents.set(key, agent);
    }
    return agent;
  }

  function wayOf(request: HttpRequest): Way {
    const proxy = proxyOf(request.url);
    try {
      if (proxy?.problem !== undefined) throw proxyUnusable(proxy, request);
      return { agent: agentFor(request.url.protocol, proxy), proxy };
    } catch (error) {
      sourceOf(request)?.stream.destroy();
      throw error;
    }
  }

  return {
    request: async (request) => send(request, wayOf(request)),
    close: () => {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

type Agent = PlainAgent | SecureAgent;

/** Which way requests take is decided by the request, so an agent has a proxy for all of them, or none. */
function plainAgent(settings: HttpSettings, proxy: Proxy | undefined): PlainAgent {
  return new PlainAgent(agentOptions(settings, proxy === undefined ? {} : { HTTP_PROXY: proxy.href }));
}

function secureAgent(settings: HttpSettings, proxy: Proxy | undefined, secureContext: SecureContext): SecureAgent {
  const shared = agentOptions(settings, proxy === undefined ? {} : { HTTPS_PROXY: proxy.href });
  const Kind = proxy === undefined ? SecureAgent : TunnelAgent;
  return new Kind({ ...shared, secureContext, rejectUnauthorized: true });
}

/** Remembers of what went wrong before there was a tunnel that it was between here and the proxy: the errors alone do not tell. */
class TunnelAgent extends SecureAgent {
  override createConnection(...[options, connected]: Parameters<SecureAgent["createConnection"]>) {
    const toProxy = super.createConnection(options, (error, stream) => {
      const isTunnel = stream instanceof Duplex && stream !== toProxy;
      if (error !== null && !isTunnel) beforeTunnel.add(error);
      connected?.(error, stream);
    });
    return toProxy;
  }
}

const beforeTunnel = new WeakSet<Error>();

function agentOptions({ connections }: HttpSettings, proxyEnv: Readonly<Record<string, string>>) {
  return { keepAlive: true, maxSockets: connections, maxFreeSockets: connections, proxyEnv };
}

/** How a request goes: by which agent, and by which proxy that agent connects. */
interface Way {
  readonly agent: Agent;
  readonly proxy: Proxy | undefined;
}

/** One context for all connections: reading the system's authorities takes a tenth of a second. */
function trust(settings: HttpSettings): SecureContext {
  const { ca, certificate } = settings;
  try {
    return createSecureContext({
      ca: [...new Set([...getCACertificates("default"), ...systemAuthorities(), ...(ca === undefined ? [] : [ca])])],
      // An issuing authority or a server's own certificate is trusted alone, as programs in Go and curl do.
      allowPartialTrustChain: true,
      ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }),
    });
  } catch (error) {
    throw new TransportError("tls", "the certificate authority, client certificate or its key cannot be read as PEM", {
      tls: "client",
      cause: error,
    });
  }
}

/** PEM of the authorities that this machine trusts, besides those that come with Node. */
export function systemAuthorities(): readonly string[] {
  try {
    return getCACertificates("system");
  } catch {
    // A machine without a store of its own still has the one built in.
    return [];
  }
}

function send(request: HttpRequest, { agent, proxy }: Way): Promise<HttpResponse> {
  const { url, method, signal, idleTimeoutMs } = request;
  const { body } = request;
  const source = sourceOf(request);
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
      proxy,
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
    sent.on("error", (error: NodeJS.ErrnoException) => {
      const isOfProxy = proxy !== undefined && (url.protocol === "http:" || beforeTunnel.has(error));
      fail(exchange.failed ?? toTransportError(error, { request, proxy, isOfProxy }));
    });
    sent.on("response", (response) => onResponse(exchange, response, resolve, fail));
    if (source === undefined) sent.end(body);
    else feed(exchange, source, fail);
  });
}

type Source = Exclude<HttpRequest["body"], Uint8Array>;

function sourceOf({ body }: HttpRequest): Source {
  return body === undefined || body instanceof Uint8Array ? undefined : body;
}

interface Exchange {
  readonly request: HttpRequest;
  readonly proxy: Proxy | undefined;
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
        new TransportError(
          "protocol",
          `the body for ${describeRequest(request)} is longer than the ${size} bytes announced`,
        ),
      );
      return;
    }
    request.onSent?.(chunk.length);
    if (!sent.write(chunk, () => discard(chunk))) stream.pause();
  });
  sent.on("drain", () => stream.resume());
  const tooShort = (): TransportError =>
    new TransportError("protocol", `the body for ${describeRequest(request)} ends ${left} bytes before its ${size}`);
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
  const { request, proxy, sent, source } = exchange;
  exchange.response = response;
  const status = response.statusCode ?? 0;
  if (status === 407) {
    response.resume();
    fail(proxyRefused(exchange));
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
    explain(error === undefined ? exchange.failed : (exchange.failed ?? toTransportError(error, exchange)));
  const by = proxy === undefined || request.url.protocol === "https:" ? {} : { proxy: nameProxy(proxy) };
  resolve({ status, headers: flatten(response), body: response, ...by });
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
  const { request, response, proxy } = exchange;
  const seconds = Math.ceil(request.idleTimeoutMs / 1000);
  const error = new TransportError("stalled", `${describeRequest(request)}: no byte moved for ${seconds} s`, {
    host: request.url.host,
    proxy,
  });
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
