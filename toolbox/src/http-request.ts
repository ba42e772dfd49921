import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { ToolboxError } from "./errors.ts";
import { trustIn } from "./trust.ts";

export interface HttpRequest {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly caFile?: string | undefined;
  /** `host[:port]` to connect to instead of the URL's; the Host header and the TLS name stay the URL's. */
  readonly resolve?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const bodyLimit = 16 * 1024 * 1024;

/**
 * One HTTP request without redirects, keep-alive or proxies; an answer of any status is a result.
 * @throws ToolboxError or a socket error when there is no whole answer.
 */
export async function sendHttp(request: HttpRequest): Promise<HttpAnswer> {
  const incoming = await openHttp(request);
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: await readBody(incoming) };
}

/**
 * The same with the answer's body left to be read, however large it is.
 * @throws as `sendHttp`
 */
export async function openHttp(request: HttpRequest): Promise<IncomingMessage> {
  const target = new URL(request.url);
  const secure = target.protocol === "https:";
  const host = target.hostname.replace(/^\[|\]$/g, "");
  const via = splitHost(request.resolve);
  const body = request.body === undefined ? undefined : Buffer.from(request.body);
  const options = {
    agent: false,
    method: request.method ?? "GET",
    host: via.host ?? host,
    port: via.port ?? (target.port === "" ? (secure ? 443 : 80) : Number(target.port)),
    path: `${target.pathname}${target.search}`,
    headers: {
      host: target.host,
      connection: "close",
      ...(body === undefined ? {} : { "content-length": String(body.length) }),
      ...request.headers,
    },
    ...(request.signal === undefined ? {} : { signal: request.signal }),
    ...(secure && request.caFile !== undefined ? await trustIn(request.caFile) : {}),
    ...(secure && isIP(host) === 0 ? { servername: host } : {}),
    // By itself Node would look for the name that is connected to, where there is no servername.
    ...(secure
      ? {
          minVersion: "TLSv1.2" as const,
          checkServerIdentity: (_: string, shown: PeerCertificate) => checkServerIdentity(host, shown),
        }
      : {}),
  };
  return new Promise((resolve, reject) => {
    const outgoing = secure ? httpsRequest(options) : httpRequest(options);
    outgoing.setTimeout(request.timeoutMs ?? 15_000, () => {
      outgoing.destroy(new ToolboxError(`no answer from ${target.host} within ${request.timeoutMs ?? 15_000} ms`));
    });
    outgoing.on("error", reject);
    outgoing.on("response", resolve);
    outgoing.end(body);
  });
}

/** A short body as a whole. */
export async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of incoming) {
    length += (part as Buffer).length;
    if (length > bodyLimit) throw new ToolboxError(`the answer is larger than ${bodyLimit} bytes`);
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

function splitHost(resolve: string | undefined): { readonly host?: string; readonly port?: number } {
  if (resolve === undefined) return {};
  const parsed = URL.parse(`http://${resolve}`);
  if (parsed === null) throw new ToolboxError(`"${resolve}" is not host or host:port`);
  const host = parsed.hostname.replace(/^\[|\]$/g, "");
  // 80 is the default port of the URL parser, which then hides it
  const port = parsed.port === "" ? (resolve.endsWith(":80") ? 80 : undefined) : Number(parsed.port);
  return port === undefined ? { host } : { host, port };
}

/** The beginning of a body for messages. */
export function excerpt(body: Buffer): string {
  const text = body.subarray(0, 300).toString("utf8").replaceAll(/\s+/g, " ").trim();
  return text === "" ? "(empty body)" : text;
}

/**
 * The body of an answer that must be JSON.
 * @throws ToolboxError with the beginning of what came instead.
 */
export function jsonOf(answer: HttpAnswer, what: string): unknown {
  try {
    return JSON.parse(answer.body.toString("utf8"));
  } catch {
    throw new ToolboxError(`${what} is not JSON: ${answer.status} ${excerpt(answer.body)}`, {
      advice: "the gateway answers in the service's place, or the service shows an error page: look at both logs",
    });
  }
}
