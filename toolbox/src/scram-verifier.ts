import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

const iterations = 4096;

/** What a statement says of a password: its stored form, or the password itself where only the server can make that. */
export function storedPassword(password: string): string {
  return scramVerifier(password) ?? password;
}

/**
 * The stored form of a password as PostgreSQL keeps it (RFC 5803), so that the password itself never stands in
 * a statement the server may log. Undefined for text outside printable ASCII, which the server must normalise.
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string | undefined {
  if (!/^[\u0020-\u007e]+$/.test(password)) return undefined;
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const storedKey = createHash("sha256").update(clientKey).digest("base64");
  const serverKey = createHmac("sha256", salted).update("Server Key").digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}
