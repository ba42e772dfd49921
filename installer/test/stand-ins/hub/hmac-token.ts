import { createHmac, timingSafeEqual } from "node:crypto";

type Claims = Readonly<Record<string, unknown>>;

/** A JSON web token (RFC 7519) signed with HS256. */
export function signHmacToken(claims: Claims, key: string): string {
  const body = [{ alg: "HS256", typ: "JWT" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${body}.${signature(body, key)}`;
}

/**
 * The claims of a token that was signed with this key.
 * @throws {Error} for another key or algorithm, `none` among them, what is no token, and one that is over or not yet valid.
 */
export function readHmacToken(token: string, key: string, now: Date): Claims {
  const [head = "", body = "", given = "", ...more] = token.split(".");
  if (given === "" || more.length > 0)
    throw new Error("token is malformed: token contains an invalid number of segments");
  const header = decode(head);
  if (header["alg"] !== "HS256") throw new Error(`signing method ${String(header["alg"])} is invalid`);
  const wanted = Buffer.from(signature(`${head}.${body}`, key));
  const got = Buffer.from(given);
  if (got.length !== wanted.length || !timingSafeEqual(got, wanted))
    throw new Error("token signature is invalid: signature is invalid");
  const claims = decode(body);
  const seconds = now.getTime() / 1000;
  if (typeof claims["exp"] === "number" && claims["exp"] < seconds)
    throw new Error("token has invalid claims: token is expired");
  if (typeof claims["nbf"] === "number" && claims["nbf"] > seconds)
    throw new Error("token has invalid claims: token is not valid yet");
  return claims;
}

function signature(body: string, key: string): string {
  return createHmac("sha256", key).update(body).digest("base64url");
}

function decode(part: string): Claims {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    if (typeof value === "object" && value !== null) return value as Claims;
  } catch {
    // Told below, as for what is JSON but no object.
  }
  throw new Error("token is malformed: could not JSON decode");
}
