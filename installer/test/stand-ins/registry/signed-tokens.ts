import { createHash, createPrivateKey, createPublicKey, randomUUID, sign } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { certificateAuthority } from "../../../src/execute/secrets/certificates.ts";
import { createSeededRandom } from "../../support/memory-ports.ts";

export interface IssuerUser {
  readonly password: string;
  /** `pull` or `push,pull` on everything. */
  readonly actions: readonly ("pull" | "push")[];
}

export interface TokenIssuer {
  /** For `realm`. */
  readonly url: string;
  readonly service: string;
  readonly issuer: string;
  /** PEM, for `rootcertbundle`. */
  readonly certificate: string;
  /** Scopes of each token that was given out. */
  readonly issued: readonly (readonly string[])[];
  close(): Promise<void>;
}

export interface IssuerOptions {
  /** How long a token is said to be good for; 300 unless told. */
  readonly lifeSeconds?: number;
  /** What each token costs in time, before it is given out: as much as a password that is hashed well. 0 unless told. */
  readonly costMs?: number;
  /** How tokens name the key: by its thumbprint, as distribution 3 has it, or with the certificate, which 2.8 takes too. */
  readonly keyName?: "thumbprint" | "certificate";
}

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Gives out tokens as the distribution project's token specification has them: JSON Web Tokens signed with ES256. */
export async function startTokenIssuer(
  users: Readonly<Record<string, IssuerUser>>,
  { lifeSeconds = 300, costMs = 0, keyName = "thumbprint" }: IssuerOptions = {},
): Promise<TokenIssuer> {
  const authority = await certificateAuthority(createSeededRandom("token issuer"), new Date(), {
    commonName: "token issuer of tests",
    years: 1,
  });
  const issued: string[][] = [];
  const names = { service: "registry of tests", issuer: "issuer of tests" };

  const key =
    keyName === "thumbprint"
      ? { kid: thumbprint(authority.certificate) }
      : { x5c: [authority.certificate.replace(/-----[^-]+-----|\s/g, "")] };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (costMs > 0) await delay(costMs);
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const [name = "", ...rest] = Buffer.from((request.headers.authorization ?? "").replace(/^Basic /, ""), "base64")
      .toString()
      .split(":");
    const user = users[name];
    if (user?.password !== rest.join(":")) {
      response.writeHead(401, { "content-type": "application/json" });
      response.end('{"errors":[{"code":"UNAUTHORIZED","message":"wrong user or password"}]}');
      return;
    }
    const scopes = url.searchParams.getAll("scope").flatMap((scope) => scope.split(" "));
    issued.push(scopes);
    const access = scopes.map((scope) => allowed(scope, user));
    const token = signToken(authority.privateKey, key, { ...names, subject: name, lifeSeconds, access });
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ token, expires_in: lifeSeconds }));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    ...names,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    certificate: authority.certificate,
    issued,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** `repository:a/b:pull,push`, less what the user may not do. */
function allowed(scope: string, { actions }: IssuerUser): Access {
  const first = scope.indexOf(":");
  const last = scope.lastIndexOf(":");
  return {
    type: scope.slice(0, first),
    name: scope.slice(first + 1, last),
    actions: scope
      .slice(last + 1)
      .split(",")
      .filter((action) => (actions as readonly string[]).includes(action)),
  };
}

interface Claims {
  readonly service: string;
  readonly issuer: string;
  readonly subject: string;
  readonly lifeSeconds: number;
  readonly access: readonly Access[];
}

function signToken(privateKey: string, key: Readonly<Record<string, unknown>>, claims: Claims): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    iss: claims.issuer,
    sub: claims.subject,
    aud: claims.service,
    exp: now + claims.lifeSeconds,
    nbf: now - 10,
    iat: now,
    jti: randomUUID(),
    access: claims.access,
  };
  const text = `${encode({ typ: "JWT", alg: "ES256", ...key })}.${encode(payload)}`;
  const signature = sign("sha256", Buffer.from(text), {
    key: createPrivateKey(privateKey),
    dsaEncoding: "ieee-p1363",
  });
  return `${text}.${signature.toString("base64url")}`;
}

/** RFC 7638. The registry takes coordinates as numbers, so that zeros in front of them are not hashed. */
function thumbprint(certificate: string): string {
  const { crv, kty, x = "", y = "" } = createPublicKey(certificate).export({ format: "jwk" });
  const plain = (coordinate: string): string => {
    const bytes = Buffer.from(coordinate, "base64url");
    return bytes.subarray(bytes.findIndex((byte) => byte !== 0)).toString("base64url");
  };
  return createHash("sha256")
    .update(JSON.stringify({ crv, kty, x: plain(x), y: plain(y) }))
    .digest("base64url");
}
