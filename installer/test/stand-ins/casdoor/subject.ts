import { basicCredentials, bearerToken } from "./credentials.ts";
import type { Exchange } from "./exchange.ts";
import type { Application, User } from "./records.ts";
import { FilterRefusal } from "./signin.ts";
import { tokenHash } from "./tokens.ts";

/** Who asks. */
export interface Subject {
  /** `owner/name` of a user, `app/name` of an application, or empty. */
  readonly userId: string;
  /** Of the bearer token; empty without one. */
  readonly scope: string;
  readonly audience: string;
}

/**
 * Who asks: the owner of a bearer token, the client of a Basic header or of the query, else who signed in. The session remembers it.
 * @throws {FilterRefusal} for a token that is unknown or has expired, for a wrong client in the query
 */
export async function identify(exchange: Exchange): Promise<Subject> {
  const token = bearerToken(exchange) ?? "";
  const found = token === "" ? await clientSubject(exchange) : await tokenSubject(exchange, token);
  if (found === undefined) return { userId: exchange.session.userId, scope: "", audience: "" };
  exchange.session.userId = found.userId;
  return found;
}

async function tokenSubject(exchange: Exchange, token: string): Promise<Subject> {
  const row = (await exchange.store.find("token", { accessTokenHash: tokenHash(token) }))[0];
  if (row === undefined) throw new FilterRefusal("Access token doesn't exist in database");
  const expires = Date.parse(row.createdTime) + row.expiresIn * 1000;
  if (expires < exchange.now().getTime())
    throw new FilterRefusal(`Access token has expired, expireTime = ${new Date(expires).toISOString()}`);
  const application = await exchange.store.get("application", "admin", row.application);
  if (application === undefined) throw new FilterRefusal(`No application is found for userId: app/${row.application}`);
  return { userId: `${row.organization}/${row.user}`, scope: row.scope, audience: application.clientId };
}

/** Wrong credentials in a Basic header may be those of a proxy in front and count for nothing; in the query they are refused. */
async function clientSubject(exchange: Exchange): Promise<Subject | undefined> {
  const basic = basicCredentials(exchange.headers.authorization);
  const query = exchange.url.searchParams;
  const id = basic === undefined ? (query.get("clientId") ?? "") : basic.user;
  const secret = basic === undefined ? (query.get("clientSecret") ?? "") : basic.password;
  if (id === "" || secret === "") return undefined;
  const application = (await exchange.store.find("application", { clientId: id }))[0];
  const problem = clientProblem(application, id, secret);
  if (application !== undefined && problem === undefined)
    return { userId: `app/${application.name}`, scope: "", audience: "" };
  if (basic === undefined) throw new FilterRefusal(problem ?? "");
  return undefined;
}

function clientProblem(application: Application | undefined, id: string, secret: string): string | undefined {
  if (application === undefined) return `Application not found for client ID: ${id}`;
  return application.clientSecret === secret
    ? undefined
    : `Incorrect client secret for application: ${application.name}`;
}

/** The user who asks, if it is one. */
export async function askingUser(exchange: Exchange, { userId }: Pick<Subject, "userId">): Promise<User | undefined> {
  const [owner = "", name = ""] = userId.split("/");
  return owner === "" || name === "" ? undefined : exchange.store.get("user", owner, name);
}

export function isApplication({ userId }: Pick<Subject, "userId">): boolean {
  return userId.startsWith("app/");
}

const openToAll = new Set([
  ...["POST /api/login", "GET /api/get-app-login", "POST /api/logout", "GET /api/get-account", "GET /api/userinfo"],
  ...["GET /api/health", "POST /api/login/oauth/access_token", "GET /api/get-application", "GET /api/get-user"],
  ...["GET /api/get-default-application", "POST /api/set-password"],
]);

/**
 * Whether Casdoor's permission filter lets a request pass. It asks the database for the user, also for a stranger's.
 * @throws what the database says
 */
export async function isPermitted(exchange: Exchange, subject: Subject): Promise<boolean> {
  if (isApplication(subject)) return true;
  const asked = subject.userId === "" ? { userId: "anonymous/anonymous" } : subject;
  const user = await askingUser(exchange, asked);
  if (user?.isDeleted === true) return false;
  if (user?.owner === "built-in") return true;
  if (user?.isAdmin === true && user.owner === objectOwner(exchange)) return true;
  return (
    exchange.url.pathname.startsWith("/.well-known/") || openToAll.has(`${exchange.method} ${exchange.url.pathname}`)
  );
}

/** Owner of what a request is about: of `id` or `owner` in the query, else of the document that is sent. */
function objectOwner({ url, body }: Exchange): string {
  const id = url.searchParams.get("id") ?? "";
  if (id !== "") return id.split("/")[0] ?? "";
  const owner = url.searchParams.get("owner") ?? "";
  if (owner !== "") return owner;
  try {
    return (JSON.parse(body) as { readonly owner?: string }).owner ?? "";
  } catch {
    return new URLSearchParams(body).get("owner") ?? "";
  }
}
