import { createHash } from "node:crypto";

/** Passwords and keys that services like these are known to come with, or that manuals and examples of them have; in small letters. */
const words: ReadonlySet<string> = new Set([
  ...["123", "1234", "12345", "123456", "12345678", "123456789", "qwerty", "test"],
  ...["password", "passw0rd", "secret", "changeme", "change-me", "default", "guest"],
  ...["admin", "admin123", "administrator", "root", "root@1234"],
  ...["minio123", "minioadmin", "rustfsadmin", "natsadmin", "valkey", "harbor12345", "gitea"],
  ...["csghub", "starhub", "opencsg"],
  // Keys of the hub, of Gitaly and of GitLab Shell where nobody set others.
  ...["signing-key", "git-secret", "responses-id-secret"],
]);

/** SHA-256 of the tokens that the hub's own documentation gave for its programs. */
const tokenDigests: ReadonlySet<string> = new Set([
  "dd7f4590d96392d6677de8e869f9ede2822e4a1f62abc64116b512be92cec77b",
  "0edab19fa842988c38c8df3e318a7cca562cb252cbbb4327a5a428749abeee5c",
]);

/**
 * Whether everybody knows a secret that somebody was to make up.
 * @param services names of services, each of which somebody has taken for a password
 */
export function isKnownDefault(secret: string, services: readonly string[]): boolean {
  const value = secret.trim();
  const word = value.toLowerCase();
  return (
    words.has(word) || services.includes(word) || tokenDigests.has(createHash("sha256").update(value).digest("hex"))
  );
}
