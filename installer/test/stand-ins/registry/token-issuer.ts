import { createHmac, randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

export type Users = Readonly<Record<string, string>>;

export type TestAuth =
  | { readonly kind: "basic"; readonly users: Users }
  | {
      readonly kind: "token";
      readonly users: Users;
      /** Seconds a token is good for, and says so; 300 unless told. */
      readonly lifeSeconds?: number;
      /** Requests after which the registry refuses it, whatever the token says. */
      readonly acceptedRequests?: number;
      /** Those without a password may pull. */
      readonly anonymousPull?: boolean;
      /** Refresh tokens by user, for OAuth2. */
      readonly refreshTokens?: Users;
      /** Where tokens are fetched; this server's /token unless told. */
      readonly realm?: string;
    };

export interface IssuedToken {
  readonly scopes: readonly string[];
  readonly user: string;
}

export interface Gate {
  /** The challenge to answer 401 with; undefined when the request may go on. */
  refuse(request: IncomingMessage, needed: readonly string[], origin: string): string | undefined;
  /** Answers a request for a token; false when this is none. */
  issue(request: IncomingMessage, url: URL, body: string, response: ServerResponse): boolean;
  readonly issued: IssuedToken[];
}

/** Who may do what: nobody asked, user and password, or tokens of our own making. */
export function createGate(auth: TestAuth | undefined): Gate {
  const issued: IssuedToken[] = [];
  const uses = new Map<string, number>();
  const secret = randomBytes(16);
  const sign = (payload: string): string => createHmac("sha256", secret).update(payload).digest("base64url");

  function refuse(request: IncomingMessage, needed: readonly string[], origin: string): string | undefined {
    if (auth === undefined) return undefined;
    const header = request.headers.authorization ?? "";
    if (auth.kind === "basic")
      return userOf(header, auth.users) === undefined ? 'Basic realm="test registry"' : undefined;
    const challenge = `Bearer realm="${auth.realm ?? `${origin}/token`}",service="test registry",scope="${needed.join(" ")}"`;
    const [payload, signature] = header.replace(/^Bearer /, "").split(".");
    if (payload === undefined || signature === undefined || sign(payload) !== signature) return challenge;
    const token = JSON.parse(Buffer.from(payload, "base64url").toString()) as { until: number; granted: string[] };
    if (Date.now() > token.until) return `${challenge},error="invalid_token"`;
    const used = (uses.get(payload) ?? 0) + 1;
    uses.set(payload, used);
    if (used > (auth.acceptedRequests ?? Infinity)) return `${challenge},error="invalid_token"`;
    const granted = new Set(token.granted);
    return needed.every((scope) => granted.has(scope)) ? undefined : `${challenge},error="insufficient_scope"`;
  }

  function issue(request: IncomingMessage, url: URL, body: string, response: ServerResponse): boolean {
    if (auth?.kind !== "token" || url.pathname !== "/token") return false;
    const { user, asked } = askedFor(request, url, new URLSearchParams(body), auth);
    const anonymous = user === undefined && request.headers.authorization === undefined && request.method === "GET";
    if (user === undefined && !(anonymous && auth.anonymousPull === true)) {
      response.writeHead(401, { "content-type": "application/json" });
      response.end('{"errors":[{"code":"UNAUTHORIZED","message":"wrong user or password"}]}');
      return true;
    }
    const granted = asked.flatMap((scope) => expand(scope, user !== undefined));
    issued.push({ scopes: asked, user: user ?? "" });
    const life = auth.lifeSeconds ?? 300;
    const until = Date.now() + life * 1000;
    const payload = Buffer.from(JSON.stringify({ until, granted, salt: randomBytes(6).toString("hex") })).toString(
      "base64url",
    );
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ token: `${payload}.${sign(payload)}`, expires_in: life }));
    return true;
  }

  return { refuse, issue, issued };
}

function askedFor(
  request: IncomingMessage,
  url: URL,
  form: URLSearchParams,
  { users, refreshTokens }: Extract<TestAuth, { kind: "token" }>,
): { readonly user: string | undefined; readonly asked: readonly string[] } {
  if (request.method === "POST") {
    return { user: refreshed(form, refreshTokens), asked: (form.get("scope") ?? "").split(" ") };
  }
  return { user: userOf(request.headers.authorization ?? "", users), asked: url.searchParams.getAll("scope") };
}

function userOf(header: string, users: Users): string | undefined {
  const [name = "", ...rest] = Buffer.from(header.replace(/^Basic /, ""), "base64")
    .toString()
    .split(":");
  return users[name] !== undefined && users[name] === rest.join(":") ? name : undefined;
}

function refreshed(form: URLSearchParams, tokens: Users | undefined): string | undefined {
  return Object.entries(tokens ?? {}).find(([, token]) => token === form.get("refresh_token"))?.[0];
}

/** `repository:a:pull,push` as `pull a` and `push a`. */
function expand(scope: string, mayPush: boolean): readonly string[] {
  const [, repository = "", actions = ""] = scope.split(":");
  return actions
    .split(",")
    .filter((action) => mayPush || action === "pull")
    .map((action) => `${action} ${repository}`);
}
