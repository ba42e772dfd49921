import { createHash } from "node:crypto";

/** Passwords and keys that these services are known to come with, or that manuals and examples of them have; in small letters. */
const words: ReadonlySet<string> = new Set([
  ...[
    "123",
    "1234",
    "12345",
    "123456",
    "12345678",
    "123456789",
    "password",
    "passw0rd",
    "secret",
    "changeme",
    "change-me",
  ],
  ...["admin", "admin123", "administrator", "default", "guest", "root", "root@1234", "test", "qwerty"],
  ...[
    "casdoor",
    "minio",
    "minio123",
    "minioadmin",
    "rustfsadmin",
    "nats",
    "natsadmin",
    "postgres",
    "redis",
    "valkey",
    "temporal",
  ],
  ...["registry", "harbor12345", "gitea", "gitaly", "csghub", "starhub", "opencsg", "label-studio"],
  // Keys of the hub, of Gitaly and of GitLab Shell where nobody set others.
  ...["signing-key", "git-secret", "responses-id-secret"],
]);

/** SHA-256 of the tokens that the hub's own documentation gave for its programs. */
const tokenDigests: ReadonlySet<string> = new Set([
  "dd7f4590d96392d6677de8e869f9ede2822e4a1f62abc64116b512be92cec77b",
  "0edab19fa842988c38c8df3e318a7cca562cb252cbbb4327a5a428749abeee5c",
]);

/** Whether everybody knows a secret that somebody was to make up. */
export function isKnownDefault(secret: string): boolean {
  const value = secret.trim();
  return words.has(value.toLowerCase()) || tokenDigests.has(createHash("sha256").update(value).digest("hex"));
}
