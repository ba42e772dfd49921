import { createHash, createPrivateKey, createPublicKey, randomUUID, sign, X509Certificate } from "node:crypto";
import type { Application, Cert, User } from "./records.ts";

export interface SignedTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Name of the token's row, and the last part of its `jti`. */
  readonly name: string;
}

export interface TokenRequest {
  readonly application: Application;
  readonly user: User;
  readonly cert: Cert | undefined;
  readonly issuer: string;
  readonly scope: string;
  readonly nonce: string;
  readonly signinMethod: string;
  /** Where somebody came from who gave no password here. */
  readonly provider?: string;
  readonly now: Date;
}

/**
 * Signs an access token (which Casdoor also hands out as ID token) and a refresh token with the application's certificate.
 * @throws {Error} when the certificate is missing or the application asks for something the stand-in does not know.
 */
export function signTokens(request: TokenRequest): SignedTokens {
  const { application, cert } = request;
  if (cert === undefined)
    throw new Error(
      application.cert === ""
        ? `The cert field of the application "admin/${application.name}" should not be empty`
        : `The cert "${application.cert}" does not exist`,
    );
  if (!["", "JWT"].includes(application.tokenFormat))
    throw new Error(`unknown application TokenFormat: ${application.tokenFormat}`);
  if (!["", "RS256"].includes(application.tokenSigningMethod))
    throw new Error(`this stand-in signs RS256 only, not ${application.tokenSigningMethod}`);
  const name = randomUUID();
  const issued = Math.floor(request.now.getTime() / 1000);
  const expires = issued + Math.round(application.expireInHours * 3600);
  const refreshHours =
    application.refreshExpireInHours === 0 ? application.expireInHours : application.refreshExpireInHours;
  const claims = {
    ...publicFields(request.user),
    tokenType: "access-token",
    ...(request.nonce === "" ? {} : { nonce: request.nonce }),
    tag: request.user.tag,
    ...(request.scope === "" ? {} : { scope: request.scope }),
    azp: application.clientId,
    ...(request.provider === undefined || request.provider === "" ? {} : { provider: request.provider }),
    ...(request.signinMethod === "" ? {} : { signinMethod: request.signinMethod }),
    iss: request.issuer,
    sub: request.user.id,
    aud: [application.clientId],
    exp: expires,
    nbf: issued,
    iat: issued,
    jti: `${application.owner}/${name}`,
  };
  const refresh = { ...claims, tokenType: "refresh-token", exp: issued + Math.round(refreshHours * 3600) };
  return { accessToken: signed(claims, cert), refreshToken: signed(refresh, cert), name };
}

/** The user as it stands in a token: never with a password. */
function publicFields(user: User): Readonly<Record<string, unknown>> {
  const { emailVerified, ...fields } = user;
  return { ...fields, email_verified: emailVerified, password: "", groups: user.groups ?? [], accessToken: undefined };
}

function signed(claims: Readonly<Record<string, unknown>>, cert: Cert): string {
  const head = base64url(JSON.stringify({ alg: "RS256", kid: cert.name, typ: "JWT" }));
  const input = `${head}.${base64url(JSON.stringify(claims))}`;
  return `${input}.${sign("sha256", Buffer.from(input), createPrivateKey(cert.privateKey)).toString("base64url")}`;
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}

/** How Casdoor finds a token's row: by the hash of its text. */
export function tokenHash(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/**
 * The certificates as a JSON Web Key Set.
 * @throws {Error} when one has no certificate or cannot be read.
 */
export function keySet(certs: readonly Cert[]): { readonly keys: readonly unknown[] } {
  return {
    keys: certs
      .filter((cert) => cert.type === "x509")
      .map((cert) => {
        const certificate = new X509Certificate(cert.certificate);
        return {
          use: "sig",
          ...createPublicKey(cert.certificate).export({ format: "jwk" }),
          kid: cert.name,
          alg: cert.cryptoAlgorithm,
          x5c: [certificate.raw.toString("base64")],
        };
      }),
  };
}
