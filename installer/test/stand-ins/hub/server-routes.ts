import type { Login } from "../../../../toolbox/src/postgres-client.ts";
import { sendHttp } from "../../../../toolbox/src/http-request.ts";
import { gitCallbackRoutes, gitHooks } from "./git-callbacks.ts";
import { gitRoutes } from "./git-routes.ts";
import { readHmacToken } from "./hmac-token.ts";
import { at, bearer, json, type Answer, type Exchange, type Route } from "./http.ts";
import { tokensOf } from "./people.ts";
import { dsnOf } from "./reach.ts";
import { repositoryRoutes } from "./repository-routes.ts";
import type { Settings } from "./settings.ts";
import { withDatabase } from "./with-database.ts";

/** The hub's API, as far as the stand-in has it. */
export function serverRoutes(settings: Settings): readonly Route[] {
  const login = dsnOf(settings);
  return [
    ...gitCallbackRoutes(settings.text("STARHUB_SERVER_GITALY_JWT_SECRET"), gitHooks(settings, login)),
    at("GET", "/api/v1/models", ({ url }) => listModels(login, url.searchParams)),
    at("GET", "/api/v1/callback/casdoor", (exchange) => passOn(exchange, settings)),
    (exchange) => readToken(exchange, settings),
    (exchange) => answerUser(exchange, settings, login),
    ...repositoryRoutes(settings, login),
    ...gitRoutes(settings, login),
  ];
}

/** `GET /api/v1/jwt/<token>`: whose token it is, for who has the hub's own. */
function readToken(exchange: Exchange, settings: Settings): Answer | undefined {
  const [, token] = /^\/api\/v1\/jwt\/([^/]+)$/.exec(exchange.url.pathname) ?? [];
  if (exchange.method !== "GET" || token === undefined) return undefined;
  if (bearer(exchange) !== settings.text("STARHUB_SERVER_API_TOKEN"))
    return json(401, { code: "AUTH-ERR-9", msg: "AUTH-ERR-9: Need API key" });
  try {
    const { uuid, current_user: username } = readHmacToken(token, settings.text("STARHUB_JWT_SIGNING_KEY"), new Date());
    return json(200, { msg: "OK", data: { uuid, username } });
  } catch {
    return json(500, { msg: "failed to verify JWT token" });
  }
}

async function listModels(login: Login, query: URLSearchParams): Promise<Answer> {
  const per = Number(query.get("per") ?? "20");
  const { rows } = await withDatabase(login, (client) =>
    client.query(
      "SELECT m.id, r.path, r.name FROM models m JOIN repositories r ON r.id = m.repository_id WHERE NOT r.private ORDER BY m.id LIMIT $1",
      [Number.isInteger(per) && per > 0 ? per : 20],
    ),
  );
  return json(200, { msg: "OK", data: rows });
}

/** The program for people takes sign-ins. */
async function passOn({ url, headers }: Exchange, settings: Settings): Promise<Answer> {
  const user = `${settings.text("OPENCSG_USER_SERVER_HOST")}:${settings.text("OPENCSG_USER_SERVER_PORT")}`;
  const { host = "" } = headers;
  const answer = await sendHttp({ url: `${user}${url.pathname}${url.search}`, headers: { host } });
  const { location } = answer.headers;
  return {
    status: answer.status,
    body: answer.body.toString("utf8"),
    headers: location === undefined ? {} : { Location: location },
  };
}

/** `GET /api/v1/user/<name>` and `GET /api/v1/user/<name>/tokens`, each for the person alone. */
async function answerUser(exchange: Exchange, settings: Settings, login: Login): Promise<Answer | undefined> {
  const [, name, more] = /^\/api\/v1\/user\/([^/]+)(\/tokens)?$/.exec(exchange.url.pathname) ?? [];
  if (exchange.method !== "GET" || name === undefined) return undefined;
  const asking = whoAsks(exchange, settings);
  if (typeof asking !== "string") return asking;
  const { rows } = await withDatabase(login, (client) =>
    client.query<{ readonly username: string; readonly uuid: string; readonly role_mask: string | null }>(
      "SELECT username, uuid, role_mask FROM users WHERE username = $1",
      [name],
    ),
  );
  const [found] = rows;
  if (found === undefined || asking !== name) return json(403, { code: "AUTH-ERR-2", msg: "AUTH-ERR-2: Forbidden" });
  const { username, uuid, role_mask: roles } = found;
  return json(200, {
    msg: "OK",
    data:
      more === undefined
        ? { username, uuid, roles: (roles ?? "").split(",").filter((role) => role !== "") }
        : await tokensOf(login, name),
  });
}

/** The name of who asks: with the hub's token whoever is named in the query, else whose token it is. */
function whoAsks(exchange: Exchange, settings: Settings): string | Answer {
  const nobody = json(401, { code: "AUTH-ERR-1", msg: "AUTH-ERR-1: User not found, please login first" });
  if (exchange.headers.authorization === undefined) return nobody;
  const token = bearer(exchange) ?? "";
  if (token === settings.text("STARHUB_SERVER_API_TOKEN"))
    return exchange.url.searchParams.get("current_user") ?? nobody;
  try {
    const { current_user: name } = readHmacToken(token, settings.text("STARHUB_JWT_SIGNING_KEY"), new Date());
    return typeof name === "string" ? name : nobody;
  } catch {
    return json(401, { code: "AUTH-ERR-5", msg: "AUTH-ERR-5: Invalid authorization header" });
  }
}
