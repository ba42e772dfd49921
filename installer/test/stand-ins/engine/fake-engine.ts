import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { ListenOptions, Socket } from "node:net";
import { text } from "node:stream/consumers";

/** A request as the engine got it. */
export interface EngineRequest {
  readonly method: string;
  /** Decoded, with its query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface EngineAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it stands, anything else as JSON. */
  readonly body?: unknown;
}

/** Answers a request itself, says what to answer, or leaves it to what every engine answers. */
export type Answering = (
  request: EngineRequest,
  response: ServerResponse,
) => EngineAnswer | "silence" | "answered" | undefined;

export interface FakeEngine {
  readonly requests: readonly EngineRequest[];
  /** Of TCP. */
  readonly port: number;
  /** How many were made. */
  readonly connections: () => number;
  /** Resolves once that many requests have come. */
  readonly heard: (count: number) => Promise<void>;
  /** Resolves once the other side has closed all its connections. */
  readonly allClosed: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface FakeEngineOptions {
  readonly listen: ListenOptions;
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca: string; readonly requestCert: boolean };
  readonly answer?: Answering;
}

/** Starts a server that speaks as much of the Engine API as a test asks for. */
export async function startFakeEngine(options: FakeEngineOptions): Promise<FakeEngine> {
  const requests: EngineRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let waiting: (() => void)[] = [];
  const listener: RequestListener = (message, response) => {
    void text(message).then((body) => {
      const path = decodeURIComponent(message.url ?? "");
      const request = { method: message.method ?? "", path, headers: message.headers, body };
      requests.push(request);
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
      respond(options.answer?.(request, response) ?? common(path), response);
    });
  };
  const server: Server =
    options.tls === undefined
      ? createServer(listener)
      : createTlsServer({ ...options.tls, rejectUnauthorized: options.tls.requestCert }, listener);
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.listen, resolve);
  });
  const address = server.address();
  return {
    requests,
    port: typeof address === "object" && address !== null ? address.port : 0,
    connections: () => connections,
    heard: async (count) => {
      while (requests.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    allClosed: async () => {
      await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

function respond(answer: EngineAnswer | "silence" | "answered", response: ServerResponse): void {
  if (answer === "silence" || answer === "answered") return;
  const { status = 200, headers = {}, body = "" } = answer;
  response.writeHead(status, { "content-type": "application/json", "api-version": "1.47", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

/** What an engine without anything says. */
function common(path: string): EngineAnswer {
  const [name = ""] = path.split("?");
  switch (name) {
    case "/_ping":
      return { body: "OK" };
    case "/version":
      return { body: { Version: "28.2.2", ApiVersion: "1.47", Os: "linux", Arch: "amd64" } };
    case "/info":
      return { body: emptyEngine };
    case "/volumes":
      return { body: { Volumes: null } };
    case "/containers/json":
    case "/images/json":
    case "/networks":
      return { body: [] };
    default:
      return { status: 404, body: { message: `no such thing: ${name}` } };
  }
}

const emptyEngine = {
  ServerVersion: "28.2.2",
  Driver: "overlay2",
  CgroupVersion: "2",
  MemTotal: 16 * 1024 ** 3,
  NCPU: 4,
  DockerRootDir: "/var/lib/docker",
  SecurityOptions: [],
  OperatingSystem: "a test",
  Architecture: "x86_64",
};
