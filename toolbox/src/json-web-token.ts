import type { JsonWebKey } from "node:crypto";
import { createPublicKey, verify } from "node:crypto";
import { ToolboxError } from "./errors.ts";

export type SetKey = JsonWebKey & { readonly kid?: string; readonly alg?: string };

export interface JsonWebKeySet {
  readonly keys?: readonly SetKey[];
}

export interface Expected {
  readonly issuer: string;
  readonly audience: string;
  /** Seconds since 1970. */
  readonly now: number;
}

export interface VerifiedToken {
  readonly keyId: string;
  readonly subject: string;
}

const clockSkewSeconds = 60;

/**
 * Checks an RS256 token (RFC 7519) against a key set: signature, issuer, audience and time.
 * @throws ToolboxError naming the first thing that is wrong.
 */
export function verifyToken(token: string, keys: JsonWebKeySet, expected: Expected): VerifiedToken {
  const [head, body, signature, ...more] = token.split(".");
  if (head === undefined || body === undefined || signature === undefined || more.length > 0) {
    throw new ToolboxError("the token is not a signed JSON web token");
  }
  const header = decode(head) as { readonly alg?: string; readonly kid?: string };
  if (header.alg !== "RS256") throw new ToolboxError(`the token is signed by ${String(header.alg)}, not RS256`);
  const key = (keys.keys ?? []).find((candidate) => candidate.kid === header.kid);
  if (key === undefined) throw new ToolboxError(`the token's key ${String(header.kid)} is not in the key set`);
  const publicKey = createPublicKey({ key, format: "jwk" });
  const signed = Buffer.from(`${head}.${body}`, "latin1");
  if (!verify("RSA-SHA256", signed, publicKey, Buffer.from(signature, "base64url"))) {
    throw new ToolboxError("the token's signature does not fit the key set", {
      advice: "the issuer signs with another key than it publishes: look at its certificates and restart it",
    });
  }
  return { keyId: String(header.kid), subject: checkClaims(decode(body), expected) };
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    throw new ToolboxError("a part of the token is not JSON");
  }
}

function checkClaims(value: unknown, expected: Expected): string {
  const claims = value as Partial<Record<"iss" | "sub" | "aud" | "exp" | "nbf", unknown>>;
  if (claims.iss !== expected.issuer)
    throw new ToolboxError(`the token's issuer is ${String(claims.iss)}, not ${expected.issuer}`);
  const audience: readonly unknown[] = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  if (!audience.includes(expected.audience)) throw new ToolboxError("the token is for another client");
  if (typeof claims.exp !== "number" || claims.exp < expected.now - clockSkewSeconds)
    throw new ToolboxError("the token has expired");
  if (typeof claims.nbf === "number" && claims.nbf > expected.now + clockSkewSeconds) {
    throw new ToolboxError("the token is not valid yet", { advice: "the clocks differ: look at time synchronisation" });
  }
  if (typeof claims.sub !== "string" || claims.sub === "") throw new ToolboxError("the token names no subject");
  return claims.sub;
}
