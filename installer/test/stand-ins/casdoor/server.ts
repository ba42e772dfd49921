import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { discovery, guessedOrigin } from "./discovery.ts";
import { type Answer, envelope, type Exchange, html, json, loginFirst, type ServerOptions } from "./exchange.ts";
import { answerToken, answerUserinfo, signedInUser } from "./bearer.ts";
import { answerAppLogin, answerLogin, autoSignin } from "./login.ts";
import { signinPage } from "./page.ts";
import type { Session } from "./sessions.ts";
import { Refusal } from "./signin.ts";
import { keySet } from "./tokens.ts";

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
  response.writeHead(answer.status, { ...answer.headers, "content-length": Buffer.byteLength(answer.body) });
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
  };
  const answer = await route(exchange).catch((error: unknown) => {
    if (error instanceof Refusal) return envelope({ status: "error", msg: error.message });
    throw error;
  });
  return {
    ...answer,
    headers: { ...answer.headers, "set-cookie": `casdoor_session_id=${session.id}; Path=/; Max-Age=2592000; HttpOnly` },
  };
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

async function route(exchange: Exchange): Promise<Answer> {
  const { pathname } = exchange.url;
  if (!pathname.startsWith("/api/") && !pathname.startsWith("/.well-known/")) {
    const target = pathname === "/login/oauth/authorize" ? await autoSignin(exchange) : undefined;
    return target === undefined ? html(200, signinPage()) : { status: 302, body: "", headers: { location: target } };
  }
  switch (`${exchange.method} ${pathname}`) {
    case "GET /api/health":
      return envelope({ status: "ok" });
    case "GET /.well-known/openid-configuration":
      return json(200, discovery(exchange.issuer));
    case "GET /.well-known/jwks":
      return json(200, keySet(await exchange.store.find("cert", {})));
    case "GET /api/get-app-login":
      return answerAppLogin(exchange);
    case "POST /api/login":
      return answerLogin(exchange);
    case "POST /api/login/oauth/access_token":
      return answerToken(exchange);
    case "GET /api/userinfo":
      return answerUserinfo(exchange);
    case "GET /api/get-account":
      return answerAccount(exchange);
    case "POST /api/logout":
      await exchange.sessions.save({ ...exchange.session, userId: "" });
      return envelope({ status: "ok" });
    default:
      throw new Refusal("Unauthorized operation");
  }
}

async function answerAccount(exchange: Exchange): Promise<Answer> {
  const signedIn = await signedInUser(exchange);
  if (signedIn === undefined) return loginFirst();
  const { user } = signedIn;
  const organization = await exchange.store.get("organization", "admin", user.owner);
  return envelope({
    status: "ok",
    sub: user.id,
    name: user.name,
    data: { ...user, password: "", passwordSalt: "" },
    data2:
      organization === undefined
        ? null
        : { owner: "admin", name: organization.name, displayName: organization.displayName },
  });
}
