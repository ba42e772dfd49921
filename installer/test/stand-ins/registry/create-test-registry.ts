import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { answerInstead, type ArmedFault, breakConnection, dueFault, type Fault, type FaultRule } from "./faults.ts";
import type { RouteContext } from "./exchange.ts";
import { route } from "./routes.ts";
import { type AccessEntry, entryOf } from "./access-log.ts";
import type { TestRegistryOptions } from "./options.ts";
import { createTestStore, type TestStore } from "./store.ts";
import { createGate, type Gate } from "./token-issuer.ts";

export interface TestRegistry {
  /** `127.0.0.1:43123`. */
  readonly host: string;
  readonly url: string;
  readonly log: readonly AccessEntry[];
  readonly store: TestStore;
  readonly gate: Gate;
  /** Bytes of blobs that came in, whole or torn. */
  readonly bytesReceived: () => number;
  inject(rule: FaultRule): ArmedFault;
  clearFaults(): void;
  /** Requests of the log with this method, whose target matches. */
  requests(method?: string, target?: RegExp): readonly AccessEntry[];
  clearLog(): void;
  close(): Promise<void>;
}

/** A strict registry of the OCI distribution specification on a free port of its address, which can be made to fail. */
export async function createTestRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const log: AccessEntry[] = [];
  const faults: ArmedFault[] = [];
  const store = createTestStore();
  const gate = createGate(options.auth);
  const context: RouteContext = { options, store, gate, uploads: new Map(), origin: "" };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url: target = "/" } = request;
    const entry = entryOf(request);
    log.push(entry);
    response.on("close", () => (entry.status = response.headersSent ? response.statusCode : 0));
    request.on("error", () => undefined);
    const fault = dueFault(faults, method, target);
    if (options.latencyMs !== undefined) await delay(options.latencyMs);
    if (fault !== undefined && (await strikesAtOnce(fault, request, response))) return;
    await route(context, { request, response, entry, fault });
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    answer(request, response).catch((error: unknown) => {
      // A client that went away is part of the tests; anything else is a defect of this registry and must show.
      if (!socket.destroyed) {
        if (!response.headersSent) response.writeHead(500);
        response.end(String(error));
      }
    });
  };
  const { tls, address = "127.0.0.1" } = options;
  const server =
    tls === undefined
      ? createServer(listener)
      : createSecureServer(
          {
            key: tls.key,
            cert: tls.cert,
            ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
          },
          listener,
        );
  server.requestTimeout = 0;
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  const host = `${address}:${port}`;
  context.origin = `${tls === undefined ? "http" : "https"}://${host}`;

  return {
    host,
    url: context.origin,
    log,
    store,
    gate,
    bytesReceived: () =>
      log.filter(({ target }) => target.includes("/blobs/uploads/")).reduce((sum, entry) => sum + entry.received, 0),
    inject: (rule) => {
      const armed = { rule, matched: 0, hits: 0 };
      faults.push(armed);
      return armed;
    },
    clearFaults: () => void faults.splice(0),
    requests: (method, target) =>
      log.filter(
        (entry) =>
          (method === undefined || entry.method === method) && (target === undefined || target.test(entry.target)),
      ),
    clearLog: () => void log.splice(0),
    close: () => closeServer(server),
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Faults that need nothing of the registry; those on the way of a body are left to the routes. */
async function strikesAtOnce(fault: Fault, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const bodyComes = request.method === "PUT" || request.method === "PATCH";
  const bodyGoes = request.method === "GET";
  if (fault.kind === "reset" && (fault.afterBytes ?? 0) === 0) {
    breakConnection(request);
    return true;
  }
  if (fault.kind === "stall" && (fault.afterBytes ?? 0) === 0) return true;
  if (fault.kind === "drop" && !bodyComes && !bodyGoes) {
    breakConnection(request);
    return true;
  }
  if (!answerInstead(fault, response)) return false;
  request.resume();
  await new Promise((resolve) => response.once("close", resolve));
  return true;
}
