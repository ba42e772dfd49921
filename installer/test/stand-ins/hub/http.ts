import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Close } from "./enter.ts";
import type { Log } from "./log.ts";

/** One request. */
export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  /** What was sent, if anything was. */
  readonly body?: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers a request, or leaves it to the next. */
export type Route = (exchange: Exchange) => Promise<Answer | undefined> | Answer | undefined;

export function json(status: number, value: unknown): Answer {
  return { status, body: JSON.stringify(value), headers: { "Content-Type": "application/json; charset=utf-8" } };
}

export function empty(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body: "", headers };
}

/** A route of one method and path. */
export function at(method: string, path: string, answer: (exchange: Exchange) => Promise<Answer> | Answer): Route {
  return (exchange) => (exchange.method === method && exchange.url.pathname === path ? answer(exchange) : undefined);
}

/** A route of one method and the paths that a pattern matches, whose groups it is given. */
export function onPath(
  method: string,
  pattern: RegExp,
  answer: (exchange: Exchange, groups: readonly string[]) => Promise<Answer>,
): Route {
  return (exchange) => {
    const found = exchange.method === method ? pattern.exec(decodeURIComponent(exchange.url.pathname)) : null;
    return found === null ? undefined : answer(exchange, found.slice(1));
  };
}

/** @throws {Error} for what is no JSON. */
export function bodyOf({ body }: Exchange): unknown {
  return JSON.parse((body ?? "").toString());
}

/** The token of `Authorization: Bearer`. */
export function bearer({ headers }: Exchange): string | undefined {
  return /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
}

/**
 * Serves routes on a port, 404 where none answers, 500 where one throws; its name and the reason go to the log.
 * @throws {Error} when the port cannot be had.
 */
export async function listen(port: number, routes: readonly Route[], log: Log): Promise<Close> {
  const server = createServer((request, response) => {
    void respond(request, response, routes, log);
  });
  server.listen(port);
  await once(server, "listening");
  const address = server.address();
  log(`http server is running on port ${typeof address === "object" && address !== null ? address.port : port}`);
  return async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  routes: readonly Route[],
  log: Log,
): Promise<void> {
  const body = await collect(request);
  const url = URL.parse(request.url ?? "/", "http://stand-in");
  const method = request.method ?? "GET";
  let answer = empty(url === null ? 400 : 404);
  try {
    for (const route of url === null ? [] : routes) {
      const given = await route({ method, url: url as URL, headers: request.headers, body });
      if (given === undefined) continue;
      answer = given;
      break;
    }
  } catch (error) {
    log(`${method} ${url?.pathname ?? ""}: ${error instanceof Error ? error.message : String(error)}`);
    answer = json(500, { msg: "Internal Server Error" });
  }
  response.writeHead(answer.status, { ...answer.headers, "content-length": Buffer.byteLength(answer.body) });
  response.end(answer.body);
}

async function collect(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
