import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { discovery, guessedOrigin } from "./discovery.ts";
import {
  type Answer,
  envelope,
  type Exchange,
  filterError,
  html,
  json,
  loginFirst,
  type ServerOptions,
} from "./exchange.ts";
import { answerApplication, answerDefaultApplication } from "./applications.ts";
import { keepRecord } from "./audit.ts";
import { answerToken, answerUserinfo } from "./bearer.ts";
import { answerAppLogin, answerLogin } from "./login.ts";
import { answerPage } from "./page.ts";
import type { Session } from "./sessions.ts";
import { FilterRefusal, Refusal } from "./signin.ts";
import { askingUser, identify, isPermitted, type Subject } from "./subject.ts";
import { isForeign } from "./origins.ts";
import { keySet } from "./tokens.ts";
import { addUser, answerUser, answerUsers, deleteUser, setPassword, updateUser } from "./users.ts";

const bodyLimit = 1024 * 1024;

/** The HTTP side of the stand-in; `listen` is the caller's. */
export function createStandIn(options: ServerOptions): Server {
  return createServer((request, response) => {
    handle(options, request)
      .catch((error: unknown) => {
        options.log(
          `${request.method ?? ""} ${request.url ?? ""}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
        return { status: 500, body: "Internal Server Error", headers: {} };
      })
      .then((answer) => send(response, answer))
      .catch((error: unknown) => options.log(String(error)));
  });
}

function send(response: ServerResponse, answer: Answer): void {
  const headers = Object.entries(answer.headers).map(([name, value]): [string, string | string[]] => [
    name,
    typeof value === "string" ? value : [...value],
  ]);
  response.writeHead(answer.status, {
    ...Object.fromEntries(headers),
    "content-length": Buffer.byteLength(answer.body),
  });
  response.end(answer.body);
}

async function handle(options: ServerOptions, request: IncomingMessage): Promise<Answer> {
  const body = await readBody(request);
  let session: Session;
  try {
    session = await options.sessions.open(/casdoor_session_id=([0-9a-f]+)/.exec(request.headers.cookie ?? "")?.[1]);
  } catch (error) {
    options.log(`[SESSION] ${error instanceof Error ? error.message : String(error)}`);
    return html(503, "<!doctype html><title>Service Unavailable</title><h1>Service Unavailable</h1>");
  }
  const exchange: Exchange = {
    ...options,
    method: request.method ?? "GET",
    url: new URL(request.url ?? "/", "http://stand-in"),
    headers: request.headers,
    body,
    session,
    issuer: options.origin === "" ? guessedOrigin(request.headers.host ?? "localhost") : options.origin,
    about: { userId: "" },
  };
  if (await isForeign(exchange)) return { status: 403, body: "", headers: {} };
  const answer = isApi(exchange) ? await answerApi(exchange) : await answerPage(exchange);
  return { ...answer, headers: { ...answer.headers, "set-cookie": [sessionCookie(exchange), ...cookiesOf(answer)] } };
}

function isApi({ url: { pathname } }: Exchange): boolean {
  return pathname.startsWith("/api/") || pathname.startsWith("/.well-known/");
}

function cookiesOf({ headers }: Answer): readonly string[] {
  const cookies = headers["set-cookie"] ?? [];
  return typeof cookies === "string" ? [cookies] : cookies;
}

function sessionCookie({ session, sessionSeconds, now }: Exchange): string {
  const expires = new Date(now().getTime() + sessionSeconds * 1000).toUTCString();
  return `casdoor_session_id=${session.id}; Path=/; Expires=${expires}; Max-Age=${sessionSeconds}; HttpOnly`;
}

/** Casdoor's order: who asks, whether that is permitted, the answer, what is kept of it. */
async function answerApi(exchange: Exchange): Promise<Answer> {
  try {
    const answer = await answerPermitted(exchange);
    // Kept beside the answer, which does not wait for it.
    void keepRecord(exchange, answer).catch((error: unknown) => exchange.log(String(error)));
    return answer;
  } catch (error) {
    if (error instanceof FilterRefusal) return filterError(error.message);
    throw error;
  } finally {
    await exchange.sessions.release(exchange.session);
  }
}

async function answerPermitted(exchange: Exchange): Promise<Answer> {
  const { pathname } = exchange.url;
  // The token endpoint reads its clients itself.
  const subject =
    pathname === "/api/login/oauth/access_token"
      ? { userId: exchange.session.userId, scope: "", audience: "" }
      : await identify(exchange);
  const permitted = await isPermitted(exchange, subject).catch((error: unknown) => {
    // What the database says is the answer, with status 200.
    throw new FilterRefusal(error instanceof Error ? error.message : String(error));
  });
  if (pathname !== "/api/login") exchange.about.userId = subject.userId;
  if (!permitted) {
    exchange.about.userId = subject.userId === "" ? "anonymous/anonymous" : subject.userId;
    return filterError("Unauthorized operation");
  }
  return route(exchange, subject).catch((error: unknown) => {
    if (error instanceof Refusal) return envelope({ status: "error", msg: error.message, data: error.data });
    throw error;
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > bodyLimit) throw new Error("request body too large");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

async function route(exchange: Exchange, subject: Subject): Promise<Answer> {
  switch (`${exchange.method} ${exchange.url.pathname}`) {
    case "GET /api/health":
      return envelope({});
    case "GET /.well-known/openid-configuration":
      return json(200, discovery(exchange.issuer));
    case "GET /.well-known/jwks":
      return json(200, keySet(await exchange.store.find("cert", {})));
    case "GET /api/get-app-login":
      return answerAppLogin(exchange);
    case "GET /api/get-application":
      return answerApplication(exchange);
    case "GET /api/get-default-application":
      return answerDefaultApplication(exchange);
    case "POST /api/login":
      return answerLogin(exchange);
    case "POST /api/login/oauth/access_token":
      return answerToken(exchange);
    case "GET /api/userinfo":
      return answerUserinfo(exchange, subject);
    case "GET /api/get-account":
      return answerAccount(exchange, subject);
    case "POST /api/logout":
      exchange.session.userId = "";
      return envelope({});
    default:
      return routeToUsers(exchange, subject);
  }
}

async function routeToUsers(exchange: Exchange, subject: Subject): Promise<Answer> {
  switch (`${exchange.method} ${exchange.url.pathname}`) {
    case "GET /api/get-user":
      return answerUser(exchange, subject);
    case "GET /api/get-users":
      return answerUsers(exchange);
    case "POST /api/add-user":
      return addUser(exchange);
    case "POST /api/update-user":
      return updateUser(exchange);
    case "POST /api/delete-user":
      return deleteUser(exchange);
    case "POST /api/set-password":
      return setPassword(exchange, subject);
    default:
      throw new FilterRefusal("Unauthorized operation");
  }
}

async function answerAccount(exchange: Exchange, subject: Subject): Promise<Answer> {
  const user = await askingUser(exchange, subject);
  if (user === undefined) return loginFirst();
  const organization = await exchange.store.get("organization", "admin", user.owner);
  return envelope({
    sub: user.id,
    name: user.name,
    data: { ...user, password: "", passwordSalt: "" },
    data2:
      organization === undefined
        ? null
        : { owner: "admin", name: organization.name, displayName: organization.displayName },
  });
}
