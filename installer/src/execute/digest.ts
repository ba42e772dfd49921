import { hash, createHmac } from "node:crypto";

/** JSON with keys in a fixed order, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Fingerprint of a value that holds no secret. */
export function hashOf(value: unknown): string {
  return hash("sha256", canonicalJson(value));
}

/** Fingerprint of bytes that may hold a secret: without the key it tells nothing about them. */
export function keyedDigest(key: string, contents: string | Uint8Array): string {
  return createHmac("sha256", Buffer.from(key, "hex")).update(contents).digest("hex");
}
