import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline, type Readable } from "node:stream";
import { PreflightError } from "../errors/installer-error.ts";

export interface HttpServerRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface HttpServerResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream that fails half way ends the connection. */
  readonly body?: Buffer | Readable;
}

export interface HttpServerOptions {
  /** An address of this machine. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Certificate chain and key, PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** What went wrong while a request was answered, for a log. */
  readonly onError?: (error: Error, request: HttpServerRequest) => void;
  /** Milliseconds after which a connection ends on which nothing moves; five minutes unless told. */
  readonly idleTimeoutMs?: number;
}

const defaultIdleTimeoutMs = 300_000;
/** More than any cluster pulls with at once; each holds a file handle. */
const mostConnections = 1024;

export interface RunningServer {
  /** `http://127.0.0.1:40123`. */
  readonly url: string;
  /** `127.0.0.1:40123`, as it stands in image references. */
  readonly authority: string;
  readonly port: number;
  /** Ends open connections too. */
  close(): Promise<void>;
}

/** Answers HTTP requests until it is closed. */
export type StartHttpServer = (
  handle: (request: HttpServerRequest) => Promise<HttpServerResponse>,
  options: HttpServerOptions,
) => Promise<RunningServer>;

/**
 * Starts a server on one address of this machine.
 * @throws PreflightError when the address cannot be had
 */
export const startHttpServer: StartHttpServer = async (handle, options) => {
  const listener: RequestListener = (message, response) => {
    const request = toRequest(message);
    const failed = (error: Error): void => options.onError?.(error, request);
    message.resume();
    handle(request)
      .then((answer) => write(answer, response, failed))
      .catch((error: unknown) => {
        failed(error instanceof Error ? error : new Error(String(error)));
        response.writeHead(500, { "content-length": "0" }).end();
      });
  };
  const server = await makeServer(listener, options);
  server.maxConnections = mostConnections;
  server.setTimeout(options.idleTimeoutMs ?? defaultIdleTimeoutMs);
  await listen(server, options);
  // What is wrong with one connection, as when there are no more file handles, is not the end of the others.
  server.on("error", () => undefined);
  const { port } = server.address() as AddressInfo;
  const authority = `${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`;
  return {
    url: `${options.tls === undefined ? "http" : "https"}://${authority}`,
    authority,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

async function makeServer(listener: RequestListener, options: HttpServerOptions): Promise<Server> {
  const limits = { maxHeaderSize: 16 * 1024, headersTimeout: 30_000, requestTimeout: 60_000 };
  if (options.tls === undefined) return createServer(limits, listener);
  const { createServer: createSecure } = await import("node:https");
  return createSecure({ ...limits, ...options.tls, minVersion: "TLSv1.2" }, listener);
}

function listen(server: Server, { host, port }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        new PreflightError(`${host}:${port} cannot be listened on: ${reasonOf(error)}`, {
          hint: "give another address or port with --listen; port 0 takes a free one",
          cause: error,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
}

function reasonOf(error: NodeJS.ErrnoException): string {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: "another program listens there",
    EADDRNOTAVAIL: "this machine has no such address",
    EACCES: "this user may not, for ports below 1024 need root",
  };
  return reasons[error.code ?? ""] ?? error.code ?? error.message;
}

function toRequest(message: IncomingMessage): HttpServerRequest {
  const headers = Object.entries(message.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : value,
  ]);
  return {
    method: message.method ?? "GET",
    target: message.url ?? "/",
    headers: Object.fromEntries(headers) as Readonly<Record<string, string | undefined>>,
  };
}

function write(answer: HttpServerResponse, response: ServerResponse, failed: (error: Error) => void): void {
  try {
    response.writeHead(answer.status, answer.headers);
  } catch (error) {
    if (answer.body !== undefined && !Buffer.isBuffer(answer.body)) answer.body.destroy();
    throw error;
  }
  if (answer.body === undefined || Buffer.isBuffer(answer.body)) {
    response.end(answer.body);
    return;
  }
  // A broken source destroys the response, and with it the connection: the length that was announced is never reached.
  pipeline(answer.body, response, (error) => {
    if (error) failed(error);
  });
}
