import { createHash, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

/** Somebody whom the provider knows; what it says of them is what the scopes open. */
export interface Person {
  readonly password: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface ProviderSettings {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  readonly people: Readonly<Record<string, Person>>;
  readonly tls: { readonly certificate: string; readonly privateKey: string };
  /** What stands in its discovery document instead. */
  readonly discovery?: Readonly<Record<string, unknown>>;
  /** Its clock, in seconds ahead. */
  readonly clockAhead?: number;
}

interface Grant {
  readonly person: Person;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly scopes: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const scopesOfClaims: Readonly<Record<string, readonly string[]>> = {
  profile: ["name", "preferred_username", "given_name", "family_name"],
  email: ["email", "email_verified"],
};

/**
 * A small OpenID provider for tests, as strict as a careful administrator sets one up: redirect URIs by the letter, a secret in a header or a
 * form, PKCE asked for, a code once. It answers as Keycloak 26 was seen to.
 */
export class OpenidProvider {
  readonly #settings: ProviderSettings;
  readonly #server: Server;
  readonly #codes = new Map<string, Grant>();
  readonly #tokens = new Map<string, Grant>();
  #issuer = "";

  constructor(settings: ProviderSettings) {
    this.#settings = settings;
    const { certificate: cert, privateKey: key } = settings.tls;
    this.#server = createServer({ cert, key }, (request, response) => {
      this.#answer(request)
        .catch(() => ({ status: 500 }))
        .then((answer) => this.#send(response, answer))
        .catch(() => response.destroy());
    });
  }

  /** Its issuer, once it listens. */
  get issuer(): string {
    return this.#issuer;
  }

  async listen(host = "127.0.0.1"): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, host, resolve));
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    this.#issuer = `https://${host}:${address.port}/realms/corp`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #send(response: ServerResponse, { status, body, headers }: Answer): void {
    const date = new Date(Date.now() + (this.#settings.clockAhead ?? 0) * 1000).toUTCString();
    const content = body === undefined ? "" : JSON.stringify(body);
    response.writeHead(status, { date, "content-type": "application/json", ...headers });
    response.end(content);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? "/", this.#issuer);
    const form = new URLSearchParams(await text(request));
    switch (`${request.method ?? ""} ${url.pathname.replace(/^\/realms\/corp/, "")}`) {
      case "GET /.well-known/openid-configuration":
        return { status: 200, body: { ...this.#discovery(), ...this.#settings.discovery } };
      case "GET /auth":
        return this.#ask(url.searchParams);
      case "POST /auth":
        return this.#signIn(url.searchParams, form);
      case "POST /token":
        return this.#token(request, form);
      case "GET /userinfo":
        return this.#userInfo(request);
      default:
        return { status: 404, body: { error: "HTTP 404 Not Found" } };
    }
  }

  #discovery(): Readonly<Record<string, unknown>> {
    return {
      issuer: this.#issuer,
      authorization_endpoint: `${this.#issuer}/auth`,
      token_endpoint: `${this.#issuer}/token`,
      userinfo_endpoint: `${this.#issuer}/userinfo`,
      response_types_supported: ["code"],
      scopes_supported: ["openid", ...Object.keys(scopesOfClaims)],
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
      code_challenge_methods_supported: ["S256"],
    };
  }

  /** A page for a client and a redirect URI that it knows; whatever else is wrong it says to the client. */
  #ask(query: URLSearchParams): Answer {
    const { clientId, redirectUris } = this.#settings;
    const redirectUri = query.get("redirect_uri") ?? "";
    if (query.get("client_id") !== clientId || !redirectUris.includes(redirectUri)) return { status: 400 };
    const back = (error: string, description: string): Answer =>
      leadBack(redirectUri, { error, error_description: description, state: query.get("state") ?? "" });
    if (query.get("response_type") !== "code") return back("unsupported_response_type", "response_type is not code");
    const scopes = (query.get("scope") ?? "").split(" ");
    const unknown = scopes.some((scope) => scope !== "openid" && !(scope in scopesOfClaims));
    if (unknown || !scopes.includes("openid")) return back("invalid_scope", `Invalid scopes: ${scopes.join(" ")}`);
    if (query.get("code_challenge_method") !== "S256" || (query.get("code_challenge") ?? "").length !== 43)
      return back("invalid_request", "Missing parameter: code_challenge_method");
    return { status: 200, body: "the sign-in page" };
  }

  #signIn(query: URLSearchParams, form: URLSearchParams): Answer {
    const asked = this.#ask(query);
    if (asked.status !== 200) return asked;
    const person = this.#settings.people[form.get("username") ?? ""];
    if (person === undefined) return asked;
    if (person.password !== form.get("password")) return asked;
    const code = randomBytes(20).toString("hex");
    const redirectUri = query.get("redirect_uri") ?? "";
    const scopes = (query.get("scope") ?? "").split(" ");
    this.#codes.set(code, { person, redirectUri, challenge: query.get("code_challenge") ?? "", scopes });
    return leadBack(redirectUri, { state: query.get("state") ?? "", code });
  }

  #token({ headers }: IncomingMessage, form: URLSearchParams): Answer {
    if (!this.#isClient(headers.authorization, form)) {
      return refused(401, "unauthorized_client", "Invalid client or Invalid client credentials");
    }
    const grant = this.#codes.get(form.get("code") ?? "");
    if (form.get("grant_type") !== "authorization_code") return refused(400, "unsupported_grant_type", "Unsupported");
    if (grant === undefined) return refused(400, "invalid_grant", "Code not valid");
    this.#codes.delete(form.get("code") ?? "");
    if (grant.redirectUri !== form.get("redirect_uri")) return refused(400, "invalid_grant", "Incorrect redirect_uri");
    const verifier = form.get("code_verifier");
    if (verifier === null) return refused(400, "invalid_grant", "PKCE code verifier not specified");
    if (createHash("sha256").update(verifier).digest("base64url") !== grant.challenge)
      return refused(400, "invalid_grant", "PKCE verification failed: Code mismatch");
    const token = randomBytes(32).toString("base64url");
    this.#tokens.set(token, grant);
    return { status: 200, body: { access_token: token, token_type: "Bearer", expires_in: 300 } };
  }

  #isClient(authorization: string | undefined, form: URLSearchParams): boolean {
    const { clientId, clientSecret } = this.#settings;
    const basic = /^Basic (.+)$/.exec(authorization ?? "")?.[1];
    const [id, secret] =
      basic === undefined
        ? [form.get("client_id"), form.get("client_secret")]
        : Buffer.from(basic, "base64").toString().split(":").map(decodeURIComponent);
    return id === clientId && secret === clientSecret;
  }

  #userInfo({ headers }: IncomingMessage): Answer {
    const grant = this.#tokens.get(/^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1] ?? "");
    if (grant === undefined) return refused(401, "invalid_token", "Token verification failed");
    const open = new Set(["sub", ...grant.scopes.flatMap((scope) => scopesOfClaims[scope] ?? [])]);
    const claims = Object.entries(grant.person.claims).filter(([name]) => open.has(name));
    return { status: 200, body: Object.fromEntries(claims) };
  }
}

function leadBack(redirectUri: string, query: Readonly<Record<string, string>>): Answer {
  return { status: 302, headers: { location: `${redirectUri}?${new URLSearchParams(query).toString()}` } };
}

function refused(status: number, error: string, description: string): Answer {
  return { status, body: { error, error_description: description } };
}
