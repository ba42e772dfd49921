import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { ApplyError, PreflightError } from "../../errors/installer-error.ts";
import { findProgram } from "../exec.ts";
import { type EngineEndpoint, engineEndpoint } from "./engine-endpoint.ts";

export interface EngineCall {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** A tar archive instead of a body of JSON, sent as it comes. */
  readonly archive?: Readable;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that are no error, besides 2xx and 304. */
  readonly accept?: readonly number[];
  readonly signal?: AbortSignal;
}

/** Requests to the Docker Engine API. */
export interface EngineClient {
  json<T>(path: string, call?: EngineCall): Promise<T>;
  /** Status of a request whose answer does not matter. */
  send(path: string, call?: EngineCall): Promise<number>;
  /** The answer as it comes. */
  stream(path: string, call?: EngineCall): Promise<IncomingMessage>;
}

/**
 * A client of the Engine API over its socket. Plain HTTP, because a run that changes nothing must start at once:
 * the usual client library alone takes longer to load than all its requests.
 */
export function createEngineClient(env: Readonly<Record<string, string | undefined>>): EngineClient {
  let endpoint: EngineEndpoint | undefined;
  const open = async (path: string, call: EngineCall = {}): Promise<IncomingMessage> => {
    endpoint ??= engineEndpoint(env);
    const answer = await send(endpoint, path, call, env["PATH"]);
    const status = answer.statusCode ?? 0;
    if ((status >= 200 && status < 300) || status === 304 || call.accept?.includes(status) === true) return answer;
    throw new ApplyError(`docker refused ${call.method ?? "GET"} ${path}: ${await errorMessage(answer)}`);
  };
  return {
    stream: open,
    json: async <T>(path: string, call?: EngineCall) => JSON.parse(await readBody(await open(path, call))) as T,
    send: async (path, call) => {
      const answer = await open(path, call);
      await readBody(answer);
      return answer.statusCode ?? 0;
    },
  };
}

async function send(
  endpoint: EngineEndpoint,
  path: string,
  call: EngineCall,
  searchPath: string | undefined,
): Promise<IncomingMessage> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const secure = endpoint.kind === "tcp" && endpoint.tls !== undefined;
  const start = secure ? (await import("node:https")).request : httpRequest;
  return new Promise((resolve, reject) => {
    const request = start(
      {
        ...connection(endpoint),
        method: call.method ?? "GET",
        path: path + queryString(call.query ?? {}),
        headers: {
          host: "docker",
          ...call.headers,
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
          ...(call.archive === undefined ? {} : { "content-type": "application/x-tar" }),
        },
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      },
      resolve,
    );
    request.once("error", (error: NodeJS.ErrnoException) => reject(unreachable(endpoint, error, searchPath)));
    // A broken archive ends the request, too: what was wrong with it is heard first.
    call.archive?.once("error", reject);
    if (call.archive === undefined) request.end(body);
    else pipeline(call.archive, request, () => undefined);
  });
}

function connection(endpoint: EngineEndpoint): RequestOptions {
  if (endpoint.kind === "unix") return { socketPath: endpoint.socketPath };
  return { host: endpoint.host, port: endpoint.port, ...endpoint.tls };
}

function queryString(query: NonNullable<EngineCall["query"]>): string {
  const parts = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

export async function readBody(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

async function errorMessage(answer: IncomingMessage): Promise<string> {
  const body = await readBody(answer);
  try {
    return (JSON.parse(body) as { message: string }).message;
  } catch {
    return body.trim() === "" ? `status ${answer.statusCode ?? 0}` : body.trim();
  }
}

function unreachable(endpoint: EngineEndpoint, error: NodeJS.ErrnoException, searchPath: string | undefined): Error {
  const place = endpoint.kind === "unix" ? endpoint.socketPath : `${endpoint.host}:${endpoint.port}`;
  switch (error.code) {
    case "EACCES":
    case "EPERM":
      return new PreflightError(`no permission to use the docker engine at ${place}`, {
        hint: "run with sudo, or add your user to the group docker and log in again",
        cause: error,
      });
    case "ENOENT":
    case "ECONNREFUSED":
    case "EHOSTUNREACH":
    case "ENOTFOUND":
    case "ETIMEDOUT":
      return findProgram("docker", searchPath) === undefined
        ? new PreflightError("docker is not installed", {
            hint: "install docker 24 or later (Debian, Ubuntu: apt-get install docker.io)",
            cause: error,
          })
        : new PreflightError(`the docker engine is not running: nothing answers at ${place}`, {
            hint: "start it (systemctl start docker, or service docker start)",
            cause: error,
          });
    case "ABORT_ERR":
      return error;
    default:
      return new ApplyError(`the connection to the docker engine at ${place} broke: ${error.message}`, {
        cause: error,
      });
  }
}
