import { createHmac, randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

export type Users = Readonly<Record<string, string>>;

export type TestAuth =
  | {
      readonly kind: "basic";
      readonly users: Users;
      /** Those without a password may pull. */
      readonly anonymousPull?: boolean;
    }
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
      /** Users who may pull and not push. */
      readonly readers?: readonly string[];
      /**
       * A wrong password is answered with 401, with 403, or as Harbor does: with a token that gives no right, and with 401 only
       * where no scope is asked for. The first unless told.
       */
      readonly wrongPassword?: "refused" | "forbidden" | "powerless";
      /** Repositories for which nobody is given a token: 403. */
      readonly closed?: readonly string[];
      /** Who asks for more than there is a right to gets what there is, a token that gives no right, or 403. The first unless told. */
      readonly tooWide?: "cut" | "powerless" | "forbidden";
      /** Several scopes in one request: all looked at, only the first, or 400. All unless told. */
      readonly severalScopes?: "all" | "first" | "refused";
      /** Tokens are JSON Web Tokens that say whose they are and what for, and not something that the registry alone can read. */
      readonly readableTokens?: boolean;
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
    if (auth.kind === "basic") return mayPass(header, needed, auth) ? undefined : 'Basic realm="test registry"';
    const challenge = `Bearer realm="${auth.realm ?? `${origin}/token`}",service="test registry",scope="${needed.join(" ")}"`;
    const [signature, payload] = header
      .replace(/^Bearer /, "")
      .split(".")
      .toReversed();
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
    const shown = request.method === "GET" ? request.headers.authorization : "a refresh token";
    const allowed = allowedOf(user, shown, asked, auth);
    const refusal = refusalOf(asked, allowed, auth);
    if (allowed === undefined || refusal !== undefined) {
      refuseToken(response, refusal ?? 401);
      return true;
    }
    const heard = auth.severalScopes === "first" ? asked.slice(0, 1) : asked;
    issued.push({ scopes: asked, user: user ?? "" });
    const life = auth.lifeSeconds ?? 300;
    response.writeHead(200, { "content-type": "application/json" });
    const given = auth.tooWide === "powerless" && isTooWide(asked, allowed) ? [] : allowed;
    const access = heard.map((scope) => accessOf(scope, given));
    response.end(JSON.stringify({ token: writeToken(access, user ?? "", life), expires_in: life }));
    return true;
  }

  function writeToken(access: readonly Access[], sub: string, lifeSeconds: number): string {
    const readable = auth?.kind === "token" && auth.readableTokens === true;
    const claims = {
      until: Date.now() + lifeSeconds * 1000,
      granted: access.flatMap(({ name, actions }) => actions.map((action) => `${action} ${name}`)),
      salt: randomBytes(6).toString("hex"),
      ...(readable ? { iss: "test registry", sub, access } : {}),
    };
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    const head = readable ? [Buffer.from('{"alg":"HS256"}').toString("base64url")] : [];
    return [...head, payload, sign(payload)].join(".");
  }

  return { refuse, issue, issued };
}

/** Whether a registry that wants user and password lets a request in. */
function mayPass(
  header: string,
  needed: readonly string[],
  { users, anonymousPull }: Extract<TestAuth, { kind: "basic" }>,
): boolean {
  if (header !== "") return userOf(header, users) !== undefined;
  return anonymousPull === true && needed.every((right) => right.startsWith("pull "));
}

/**
 * The actions that somebody is given, as far as asked for; undefined for who is given no token.
 * @param shown what was shown to sign in, right or wrong
 */
function allowedOf(
  user: string | undefined,
  shown: string | undefined,
  asked: readonly string[],
  auth: Extract<TestAuth, { kind: "token" }>,
): readonly string[] | undefined {
  if (user !== undefined) return auth.readers?.includes(user) === true ? ["pull"] : ["pull", "push"];
  if (shown === undefined) return auth.anonymousPull === true ? ["pull"] : undefined;
  return auth.wrongPassword === "powerless" && asked.length > 0 ? [] : undefined;
}

function askedFor(
  request: IncomingMessage,
  url: URL,
  form: URLSearchParams,
  { users, refreshTokens }: Extract<TestAuth, { kind: "token" }>,
): { readonly user: string | undefined; readonly asked: readonly string[] } {
  if (request.method === "POST") {
    const asked = (form.get("scope") ?? "").split(" ").filter((scope) => scope !== "");
    return { user: refreshed(form, refreshTokens), asked };
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

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

type TokenAuth = Extract<TestAuth, { kind: "token" }>;

/** The status for who is given no token. */
function refusalOf(
  asked: readonly string[],
  allowed: readonly string[] | undefined,
  { wrongPassword, closed = [], tooWide, severalScopes }: TokenAuth,
): 400 | 401 | 403 | undefined {
  if (allowed === undefined) return wrongPassword === "forbidden" ? 403 : 401;
  if (asked.some((scope) => closed.includes(scope.split(":")[1] ?? ""))) return 403;
  if (tooWide === "forbidden" && isTooWide(asked, allowed)) return 403;
  return asked.length > 1 && severalScopes === "refused" ? 400 : undefined;
}

function isTooWide(asked: readonly string[], allowed: readonly string[]): boolean {
  const actions = asked.flatMap((scope) => (scope.split(":")[2] ?? "").split(","));
  return actions.some((action) => !allowed.includes(action));
}

function refuseToken(response: ServerResponse, status: 400 | 401 | 403): void {
  if (status === 400) {
    response.writeHead(400).end("one scope, please");
    return;
  }
  const error =
    status === 401
      ? { code: "UNAUTHORIZED", message: "wrong user or password" }
      : { code: "DENIED", message: "requested access to the resource is denied" };
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ errors: [error] }));
}

/** What is given of `repository:a:pull,push`. */
function accessOf(scope: string, allowed: readonly string[]): Access {
  const [type = "", name = "", actions = ""] = scope.split(":");
  return { type, name, actions: actions.split(",").filter((action) => allowed.includes(action)) };
}
