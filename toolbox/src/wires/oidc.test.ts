/** Providers that let in whom they must not: the wire must fail on them. That it passes on Casdoor is proved with the stand-in. */
import { generateKeyPairSync, sign } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OidcWire } from "../contract.generated.ts";
import type { WireResult } from "../contract.ts";
import { redactor, secretsOf } from "../redact.ts";
import { verifyWires } from "../verify-wires.ts";
import type * as PostgresClient from "../postgres-client.ts";

/** What was asked of Casdoor's database. */
const statements: { readonly sql: string; readonly values: readonly unknown[] }[] = [];

vi.mock("../postgres-client.ts", async (importOriginal) => ({
  ...(await importOriginal<typeof PostgresClient>()),
  connectPostgres: () =>
    Promise.resolve({
      query: (sql: string, values: readonly unknown[] = []) => {
        statements.push({ sql, values });
        const rows = sql.includes("information_schema.tables")
          ? ["user", "token", "session", "record"].map((name) => ({ name }))
          : [];
        return Promise.resolve({ rows, rowCount: rows.length });
      },
      end: () => Promise.resolve(),
    } as unknown as Client),
  sqlState: () => undefined,
}));

interface Laxness {
  readonly password?: boolean;
  readonly secret?: boolean;
  readonly usedCode?: boolean;
  readonly otherKey?: boolean;
  readonly profile?: boolean;
  readonly signUp?: boolean;
  /** The client is another than Casdoor has. */
  readonly client?: boolean;
  /** An administrator's rule: a second factor of everybody, a picture with a riddle, or no sign-in by password. */
  readonly asks?: "RequiredMfa" | "Turing test failed." | "The login method: login with password is not enabled";
  /** Its own application is not shown. */
  readonly hidden?: boolean;
}

const wire: Omit<OidcWire, "issuer" | "discoveryUrl"> = {
  kind: "oidc",
  name: "sign-in",
  from: "app",
  to: "sign-in",
  clientId: "client",
  clientSecret: "client-secret",
  redirectUri: "http://hub/callback",
  organization: "org",
  application: "app",
  database: { host: "database", port: 5432, user: "casdoor", password: "database-pw", database: "casdoor", tls: "off" },
};

const basic = `Basic ${Buffer.from("client:client-secret").toString("base64")}`;

const running: Server[] = [];

beforeEach(() => statements.splice(0));

afterEach(() => {
  for (const server of running.splice(0)) server.close();
});

interface Person {
  readonly name: string;
  readonly password: string;
}

/** A provider as far as the wire sees one, and the users it has. */
function provider(lax: Laxness, users: Map<string, Person>) {
  const published = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const signing = lax.otherKey === true ? generateKeyPairSync("rsa", { modulusLength: 2048 }) : published;
  const codes = new Map<string, { readonly user: string; used: boolean }>();
  const token = (issuer: string, user: string): string => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = { iss: issuer, sub: user, aud: ["client"], exp: Math.floor(Date.now() / 1000) + 60 };
    const signed = `${part({ alg: "RS256", kid: "k" })}.${part(claims)}`;
    return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), signing.privateKey).toString("base64url")}`;
  };
  const api = (path: string, body: string, authorization: string | undefined): object => {
    const isClient = authorization === basic && lax.client !== true;
    if (path === "/api/get-application" && lax.hidden === true) return { status: "error", msg: "pq: is starting up" };
    if (path === "/api/get-application") return { status: "ok", data: { enableSignUp: lax.signUp === true } };
    if (path === "/api/get-user") {
      const shown = isClient || lax.profile === true;
      return shown ? { status: "ok", data: [...users.values()][0] } : { status: "error", msg: "Please login first" };
    }
    if (!isClient) return { status: "error", msg: "Unauthorized operation" };
    const user = JSON.parse(body) as Person;
    if (path === "/api/add-user") users.set(user.name, user);
    else users.delete(user.name);
    return { status: "ok", data: "Affected" };
  };
  const login = (body: string): object => {
    const { username, password } = JSON.parse(body) as { readonly username: string; readonly password: string };
    if (users.get(username)?.password !== password && lax.password !== true)
      return { status: "error", msg: "password or code is incorrect" };
    if (lax.asks === "RequiredMfa") return { status: "ok", data: lax.asks };
    if (lax.asks !== undefined) return { status: "error", msg: lax.asks };
    codes.set(`code-${codes.size}`, { user: username, used: false });
    return { status: "ok", data: `code-${codes.size - 1}` };
  };
  const exchange = (issuer: string, body: string): object => {
    const form = new URLSearchParams(body);
    if (form.get("client_secret") !== wire.clientSecret && lax.secret !== true) return { error: "invalid_client" };
    const code = codes.get(form.get("code") ?? "");
    if (code === undefined || (code.used && lax.usedCode !== true)) return { error: "invalid_grant" };
    code.used = true;
    return { access_token: token(issuer, code.user) };
  };
  return async (request: IncomingMessage): Promise<object> => {
    const issuer = `http://${String(request.headers.host)}`;
    const body = await text(request);
    const { pathname } = new URL(request.url ?? "", issuer);
    const { authorization } = request.headers;
    switch (pathname) {
      case "/.well-known/openid-configuration":
        return {
          issuer,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          userinfo_endpoint: `${issuer}/me`,
        };
      case "/jwks":
        return { keys: [{ ...published.publicKey.export({ format: "jwk" }), kid: "k", alg: "RS256" }] };
      case "/api/login":
        return login(body);
      case "/token":
        return exchange(issuer, body);
      case "/me":
        return authorization?.includes(".") === true
          ? { sub: "1", name: [...users.keys()][0] }
          : { status: "error", sub: "" };
      default:
        return api(pathname, body, authorization);
    }
  };
}

async function proveProvider(lax: Laxness, users = new Map<string, Person>()): Promise<WireResult> {
  const answers = provider(lax, users);
  const server = createServer((request, response) => {
    void answers(request).then((answer) => response.end(JSON.stringify(answer)));
  });
  running.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const document: OidcWire = { ...wire, issuer, discoveryUrl: `${issuer}/.well-known/openid-configuration` };
  const [result] = await verifyWires([document], redactor(secretsOf(document)), () => undefined);
  if (result === undefined) throw new Error("no result");
  return result;
}

describe("oidc wire", () => {
  it("passes on a strict provider, with a user of its own that is gone afterwards", async () => {
    const users = new Map<string, Person>();

    const result = await proveProvider({}, users);

    expect(result).toMatchObject({ ok: true });
    expect(result.details).toContain("left no user, token or record behind");
    expect([...users.keys()]).toEqual([]);
  });

  it.each<readonly [Laxness, string]>([
    [{ password: true }, "a wrong password is taken"],
    [{ secret: true }, "a wrong client secret is taken"],
    [{ usedCode: true }, "a code is taken twice"],
    [{ otherKey: true }, "the token's signature does not fit the key set"],
    [{ profile: true }, "a user's profile is shown to strangers"],
    [{ signUp: true }, "anybody may sign up as an administrator of everything"],
  ])("fails on a provider with %j, and leaves no user", async (lax, error) => {
    const users = new Map<string, Person>();

    expect(await proveProvider(lax, users)).toMatchObject({ ok: false, error });
    expect([...users.keys()]).toEqual([]);
  });

  it.each(["RequiredMfa", "Turing test failed."] as const)(
    "passes where an administrator asks people for more than a password (%s), and says what it could not try",
    async (asks) => {
      const users = new Map<string, Person>();

      const result = await proveProvider({ asks }, users);

      expect(result).toMatchObject({ ok: true });
      expect(result.details).toContain(
        `Casdoor asks people for more than a password (${asks}): code and token are not tried`,
      );
      expect([...users.keys()]).toEqual([]);
    },
  );

  it("still fails there on what it can try", async () => {
    const result = await proveProvider({ asks: "RequiredMfa", profile: true });

    expect(result).toMatchObject({ ok: false, error: "a user's profile is shown to strangers" });
  });

  it("blames no client for a sign-in that the application's settings refuse", async () => {
    const result = await proveProvider({ asks: "The login method: login with password is not enabled" });

    expect(result).toMatchObject({ ok: false, error: expect.stringContaining("login with password") as string });
    expect(result.cause).toContain("settings of application app");
  });

  it("takes no failure for closed sign-up", async () => {
    expect(await proveProvider({ hidden: true })).toMatchObject({
      ok: false,
      error: "Casdoor's own application is not shown: pq: is starting up",
    });
  });

  it("names the command that sets a client which Casdoor does not have", async () => {
    const result = await proveProvider({ client: true });

    expect(result).toMatchObject({ ok: false, error: "app may not add a user: Unauthorized operation" });
    expect(result.cause).toContain("slipway run casdoor-bootstrap");
  });

  it("removes only what carries the name of its own user, which nobody can guess", async () => {
    await proveProvider({});

    const deleted = statements.filter(({ sql }) => sql.startsWith("delete from"));
    const names = deleted.map(({ values }) => JSON.stringify(values));
    expect(deleted.map(({ sql }) => /delete from "?(\w+)/.exec(sql)?.[1])).toEqual([
      ...["user", "token", "session", "record", "record", "record"],
    ]);
    expect(names[0]).toBe('["org","slipway-verify"]');
    for (const name of names.slice(1)) expect(name).toMatch(/slipway-verify-[0-9a-f]{24}/);
  });
});
