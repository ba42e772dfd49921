import { createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { assertNever } from "../../errors/installer-error.ts";
import type { Random } from "../../platform/ports.ts";

const generatePair = promisify(generateKeyPair);

/** Bytes as text. */
export function randomText(random: Random, bytes: number, encoding: "hex" | "base64url"): string {
  return Buffer.from(random.bytes(bytes)).toString(encoding);
}

const classes = ["abcdefghijkmnopqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "-_.+:=@%"] as const;
const alphabet = classes.join("");

/** A password with every class of character in it; letters that look alike are left out. */
export function randomPassword(random: Random, length: number): string {
  for (;;) {
    const password = Array.from({ length }, () => alphabet[randomBelow(random, alphabet.length)] ?? "").join("");
    if (classes.every((characters) => Array.from(characters).some((char) => password.includes(char)))) return password;
  }
}

/** Unbiased: values past the last full range are thrown again. */
function randomBelow(random: Random, limit: number): number {
  const usable = 256 - (256 % limit);
  for (;;) {
    const value = random.bytes(1)[0] ?? 0;
    if (value < usable) return value % limit;
  }
}

/** A bcrypt hash; htpasswd files put the user before it. */
export async function bcryptHash(password: string, htpasswdUser: string | undefined): Promise<string> {
  const { default: bcrypt } = await import("bcryptjs");
  const hash = await bcrypt.hash(password, 10);
  return htpasswdUser === undefined ? hash : `${htpasswdUser}:${hash}`;
}

/** A host key: PKCS#8 PEM, and the line that goes into known_hosts files. */
export async function sshHostKey(
  algorithm: "ed25519" | "rsa" | "ecdsa",
): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
  const { privateKey } = await sshPair(algorithm);
  return {
    privateKey: String(privateKey.export({ type: "pkcs8", format: "pem" })),
    publicKey: openSshLine(createPublicKey(privateKey)),
  };
}

function sshPair(algorithm: "ed25519" | "rsa" | "ecdsa"): Promise<{ readonly privateKey: KeyObject }> {
  switch (algorithm) {
    case "ed25519":
      return generatePair("ed25519");
    case "rsa":
      return generatePair("rsa", { modulusLength: 3072 });
    case "ecdsa":
      return generatePair("ec", { namedCurve: "P-256" });
    default:
      return assertNever(algorithm);
  }
}

/** RFC 4253 §6.6, RFC 8709, RFC 5656: length-prefixed fields behind the algorithm's name. */
function openSshLine(key: KeyObject): string {
  const jwk = key.export({ format: "jwk" });
  const field = (value: string | undefined): Buffer => Buffer.from(value ?? "", "base64url");
  switch (key.asymmetricKeyType) {
    case "ed25519":
      return line("ssh-ed25519", [field(jwk.x)]);
    case "rsa":
      return line("ssh-rsa", [mpint(field(jwk.e)), mpint(field(jwk.n))]);
    default: {
      const point = Buffer.concat([Buffer.from([4]), field(jwk.x), field(jwk.y)]);
      return line("ecdsa-sha2-nistp256", [Buffer.from("nistp256"), point]);
    }
  }
}

function line(name: string, fields: readonly Buffer[]): string {
  const blob = Buffer.concat([Buffer.from(name), ...fields].map(lengthPrefixed));
  return `${name} ${blob.toString("base64")}`;
}

function lengthPrefixed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A number whose first bit is set would be negative; a zero byte goes before it. */
function mpint(bytes: Buffer): Buffer {
  return ((bytes[0] ?? 0) & 0x80) === 0 ? bytes : Buffer.concat([Buffer.alloc(1), bytes]);
}
