import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type TlsOptions, TLSSocket } from "node:tls";
import { text } from "node:stream/consumers";
import type { KubeObject } from "../../../src/platform/cluster-ports.ts";
import { type IssuedCertificate, issueCertificate } from "../../support/issue-certificate.ts";
import type { ApiServerAnswer, ApiServerRequest } from "./answers.ts";
import { createObjectStore, type ObjectStore } from "./object-store.ts";

/** Answers a request itself, says what to answer, or leaves it to what API servers answer. */
export type ApiServerAnswering = (
  request: ApiServerRequest,
  response: ServerResponse,
) => ApiServerAnswer | "answered" | undefined;

export interface FakeApiServerOptions {
  readonly answer?: ApiServerAnswering;
  /** Plain HTTP instead of TLS. */
  readonly plain?: boolean;
  /** Days of the server's certificate, counted from today. */
  readonly days?: readonly [number, number];
  /** Names of the server's certificate. */
  readonly names?: readonly string[];
  /** Whose client certificates it knows; nobody has to show one. */
  readonly clients?: IssuedCertificate;
  /** Asked to become another protocol. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

export interface FakeApiServer {
  /** `https://127.0.0.1:40123`. */
  readonly url: string;
  readonly authority: IssuedCertificate;
  readonly requests: readonly ApiServerRequest[];
  readonly objects: ObjectStore;
  /** How many were made. */
  readonly connections: () => number;
  /** A kubeconfig of one context `test` with this user and these settings of the cluster. */
  readonly kubeconfig: (user: object, cluster?: object) => string;
  /** Breaks all connections off. */
  readonly hangUp: () => void;
  readonly close: () => Promise<void>;
}

/** Starts a server that speaks as much of the Kubernetes API as a client needs. */
export async function startFakeApiServer(options: FakeApiServerOptions = {}): Promise<FakeApiServer> {
  const authority = await issueCertificate({ commonName: "test authority", authority: true });
  const { names = ["127.0.0.1", "localhost"], days } = options;
  const spec = { commonName: "kube-apiserver", names, issuer: authority, ...(days === undefined ? {} : { days }) };
  const { pem: cert, key } = await issueCertificate(spec);
  const requests: ApiServerRequest[] = [];
  const sockets = new Set<Socket>();
  const objects = createObjectStore();
  let connections = 0;
  const listener = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(message.url ?? "/", "http://server");
    const body = await text(message);
    const request = {
      method: message.method ?? "",
      path: pathname,
      query: searchParams,
      headers: message.headers,
      client: clientOf(message.socket),
      body: body === "" ? undefined : (JSON.parse(body) as unknown),
    };
    requests.push(request);
    const answer = options.answer?.(request, response) ?? objects.answer(request, response);
    if (answer === "answered") return;
    const { status = 200, headers = {}, body: content = "" } = answer;
    const type = typeof content === "string" ? "text/plain" : "application/json";
    response.writeHead(status, { "content-type": type, ...headers });
    response.end(typeof content === "string" ? content : JSON.stringify(content));
  };
  const onRequest = (message: IncomingMessage, response: ServerResponse): void => void listener(message, response);
  const server =
    options.plain === true
      ? createServer(onRequest)
      : createTlsServer({ cert, key, ...asksForCertificate(options.clients) }, onRequest);
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  if (options.onUpgrade !== undefined) server.on("upgrade", options.onUpgrade);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `${options.plain === true ? "http" : "https"}://127.0.0.1:${port}`;
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    ...{ url, authority, requests, objects, hangUp },
    connections: () => connections,
    kubeconfig: (user, cluster = {}) => {
      const trusted = { "certificate-authority-data": Buffer.from(authority.pem).toString("base64") };
      return JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "test",
        clusters: [
          { name: "test-cluster", cluster: { server: url, ...(options.plain === true ? {} : trusted), ...cluster } },
        ],
        users: [{ name: "test-user", user }],
        contexts: [{ name: "test", context: { cluster: "test-cluster", user: "test-user", namespace: "demo" } }],
      });
    },
    close: async () => {
      objects.endWatches();
      const closed = new Promise((resolve) => server.close(resolve));
      hangUp();
      await closed;
    },
  };
}

function asksForCertificate(clients: IssuedCertificate | undefined): TlsOptions {
  return clients === undefined ? {} : { ca: clients.pem, requestCert: true, rejectUnauthorized: false };
}

function clientOf(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const name = socket.getPeerCertificate().subject.CN;
  return typeof name === "string" ? name : undefined;
}

export function configMap(name: string, data: Readonly<Record<string, string>> = {}, namespace = "demo"): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data };
}
