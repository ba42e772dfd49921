import { createPrivateKey, createPublicKey, scrypt, sign as signEd25519, timingSafeEqual } from "node:crypto";
import { blake2b } from "@noble/hashes/blake2.js";
import { BundleError, UsageError } from "../errors/installer-error.ts";
import type { Random } from "../platform/ports.ts";
import {
  decode,
  formatKeyId,
  formatPublicKey,
  globalMessage,
  linesOf,
  minisignFileLimit,
  prehash,
} from "./minisign.ts";

/** A key that signs; it stays in memory. */
export interface SecretKey {
  readonly keyId: string;
  readonly keyIdBytes: Buffer;
  /** 32 bytes. */
  readonly seed: Buffer;
  /** 32 bytes. */
  readonly publicKey: Buffer;
}

/** How dear a guess of the passphrase is, as libsodium counts it. */
export interface KdfCost {
  readonly opslimit: number;
  readonly memlimit: number;
}

/** 256 MiB and about a second; minisign's own 1 GiB is more than small machines have. */
const usualCost: KdfCost = { opslimit: 8_388_608, memlimit: 268_435_456 };

/** Key files that ask for more than minisign ever does are refused. */
const dearest: KdfCost = { opslimit: 2 ** 28, memlimit: 2 ** 30 };

/** Makes a new key pair out of random bytes. */
export function generateKeyPair(random: Random): SecretKey {
  const seed = Buffer.from(random.bytes(32));
  const keyIdBytes = Buffer.from(random.bytes(8));
  return { keyId: formatKeyId(keyIdBytes), keyIdBytes, seed, publicKey: publicKeyOf(seed) };
}

/** The `.pub` file of a key. */
export function formatPublicKeyOf(key: SecretKey): string {
  return formatPublicKey(key.keyIdBytes, key.publicKey);
}

/**
 * The `.key` file: encrypted by the passphrase, in the clear when that is empty. `minisign -S` reads both.
 * Layout: https://jedisct1.github.io/minisign/#secret-key-format
 */
export async function formatSecretKey(
  key: SecretKey,
  passphrase: string,
  random: Random,
  cost: KdfCost = usualCost,
): Promise<string> {
  const plain = Buffer.concat([key.keyIdBytes, key.seed, key.publicKey, checksumOf(key)]);
  const encrypted = passphrase !== "";
  const head = Buffer.alloc(54);
  head.write(encrypted ? "EdScB2" : "Ed\0\0B2", 0, "latin1");
  if (encrypted) {
    head.set(random.bytes(32), 6);
    head.writeBigUInt64LE(BigInt(cost.opslimit), 38);
    head.writeBigUInt64LE(BigInt(cost.memlimit), 46);
  }
  const body = encrypted ? xor(plain, await stream(passphrase, head)) : plain;
  const comment = encrypted ? "minisign encrypted secret key" : "minisign unencrypted secret key";
  return `untrusted comment: ${comment}\n${Buffer.concat([head, body]).toString("base64")}\n`;
}

/** Whether a secret key file asks for a passphrase. */
export function isEncryptedSecretKey(text: string): boolean {
  return decode(linesOf(text)[1] ?? "")?.toString("latin1", 2, 4) === "Sc";
}

/**
 * Reads a `.key` file of ours or of minisign.
 * @param name the file, for the error
 * @throws UsageError when it is not a secret key or the passphrase is wrong
 */
export async function parseSecretKey(text: string, passphrase: string, name: string): Promise<SecretKey> {
  const refuse = (why: string): never => {
    throw new UsageError(`${name} is not a minisign secret key: ${why}`, {
      hint: "name the NAME.key file that slipway bundle keygen or minisign -G wrote",
    });
  };
  if (text.length > minisignFileLimit) refuse("it is too long");
  const lines = linesOf(text);
  const bytes = decode(lines[1] ?? "");
  if (lines.length !== 2 || bytes?.length !== 158) return refuse("it is not a comment and 158 bytes in base64");
  const kind = bytes.toString("latin1", 0, 6);
  if (kind !== "EdScB2" && kind !== "Ed\0\0B2") refuse("its algorithms are not known");
  const body = bytes.subarray(54);
  const plain = kind === "EdScB2" ? xor(body, await stream(passphrase, bytes)) : body;
  const keyIdBytes = Buffer.from(plain.subarray(0, 8));
  const seed = Buffer.from(plain.subarray(8, 40));
  const publicKey = Buffer.from(plain.subarray(40, 72));
  const key = { keyId: formatKeyId(keyIdBytes), keyIdBytes, seed, publicKey };
  const checksum = plain.subarray(72);
  // minisign -W leaves it empty; the check of the halves below stands in for it.
  const left = kind !== "EdScB2" && checksum.every((byte) => byte === 0);
  if (!left && !timingSafeEqual(checksumOf(key), checksum)) {
    throw new UsageError(`the passphrase of ${name} is wrong, or the file is damaged`, {
      hint: "give the passphrase that was chosen when the key was made",
    });
  }
  if (!publicKeyOf(seed).equals(publicKey)) refuse("its secret and public halves do not belong together");
  return key;
}

/**
 * A `.minisig` file over a message.
 * @param trustedComment one line of printable text, which the signature covers too
 * @throws BundleError when the comment is not one line of printable text
 */
export function signMessage(message: Uint8Array, key: SecretKey, trustedComment: string): string {
  if (/\p{Cc}/u.test(trustedComment) || trustedComment.length > 1024) {
    throw new BundleError("the comment of a signature is one line of printable text");
  }
  const secret = toPrivateKeyObject(key.seed);
  const signature = signEd25519(null, prehash(message), secret);
  const global = signEd25519(null, globalMessage(signature, trustedComment), secret);
  return [
    `untrusted comment: signature from slipway secret key ${key.keyId}`,
    Buffer.concat([Buffer.from("ED"), key.keyIdBytes, signature]).toString("base64"),
    `trusted comment: ${trustedComment}`,
    global.toString("base64"),
    "",
  ].join("\n");
}

function checksumOf(key: Omit<SecretKey, "keyId">): Buffer {
  // BLAKE2b-256, and not the first half of the 512 bits that Node can make: its length is part of what is hashed.
  return Buffer.from(
    blake2b(Buffer.concat([Buffer.from("Ed"), key.keyIdBytes, key.seed, key.publicKey]), { dkLen: 32 }),
  );
}

/** The bytes that hide a key: scrypt with the cost that stands in the head of the file. */
function stream(passphrase: string, head: Buffer): Promise<Buffer> {
  const cost = { opslimit: Number(head.readBigUInt64LE(38)), memlimit: Number(head.readBigUInt64LE(46)) };
  if (cost.opslimit > dearest.opslimit || cost.memlimit > dearest.memlimit) {
    throw new UsageError("the secret key asks for more memory or time than any key minisign makes");
  }
  const { N, r, p } = scryptParameters(cost);
  const options = { N, r, p, maxmem: 128 * r * (N + p + 2) + 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(passphrase, head.subarray(6, 38), 104, options, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}

/** What libsodium's `crypto_pwhash_scryptsalsa208sha256` makes of its two limits. */
function scryptParameters(cost: KdfCost): { readonly N: number; readonly r: number; readonly p: number } {
  const opslimit = Math.max(32768, cost.opslimit);
  const r = 8;
  const largest = opslimit < cost.memlimit / 32 ? opslimit / (r * 4) : cost.memlimit / (r * 128);
  let log = 1;
  while (log < 63 && 2 ** log <= largest / 2) log++;
  if (opslimit < cost.memlimit / 32) return { N: 2 ** log, r, p: 1 };
  const product = Math.min(0x3fffffff, Math.floor(Math.floor(opslimit / 4) / 2 ** log));
  return { N: 2 ** log, r, p: Math.max(1, Math.floor(product / r)) };
}

function xor(bytes: Uint8Array, mask: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ (mask[index] ?? 0)));
}

const secretKeyPrefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** RFC 8410, section 7. */
function toPrivateKeyObject(seed: Buffer) {
  return createPrivateKey({ key: Buffer.concat([secretKeyPrefix, seed]), format: "der", type: "pkcs8" });
}

function publicKeyOf(seed: Buffer): Buffer {
  const der = createPublicKey(toPrivateKeyObject(seed)).export({ format: "der", type: "spki" });
  return Buffer.from(der.subarray(12));
}
