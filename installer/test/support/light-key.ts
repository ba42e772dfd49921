/** Keys of a restic repository whose derivation takes no time: a test opens one hundreds of times. */
import { createCipheriv, createHash, randomBytes, scryptSync } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

interface KeyFile {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly data: string;
}

interface DerivedKey {
  readonly encrypt: Buffer;
  readonly macK: Buffer;
  readonly macR: Buffer;
}

const ivSize = 16;
const macSize = 16;
/** Scrypt with next to no work. */
const light = { N: 2, r: 8, p: 1 } as const;

/** Replaces the key file that a password opens by one that opens the same with next to no work. */
export async function lightenKey(repository: string, password: string): Promise<void> {
  for (const name of await readdir(join(repository, "keys"))) {
    const path = join(repository, "keys", name);
    const file = JSON.parse(await readFile(path, "utf8")) as KeyFile;
    const master = open(file, password);
    if (master === undefined) continue;
    const text = JSON.stringify({ ...file, ...light, data: seal(master, password, file.salt) });
    await writeFile(join(repository, "keys", createHash("sha256").update(text).digest("hex")), text, { mode: 0o400 });
    await rm(path);
    return;
  }
  throw new Error("no key of the repository is opened by this password");
}

function derive(password: string, salt: string, { N, r, p }: Pick<KeyFile, "N" | "r" | "p">): DerivedKey {
  const bytes = scryptSync(password, Buffer.from(salt, "base64"), 64, { N, r, p, maxmem: 1 << 30 });
  return { encrypt: bytes.subarray(0, 32), macK: bytes.subarray(32, 48), macR: bytes.subarray(48) };
}

function open(file: KeyFile, password: string): Buffer | undefined {
  const key = derive(password, file.salt, file);
  const data = Buffer.from(file.data, "base64");
  const [iv, sealed, mac] = [data.subarray(0, ivSize), data.subarray(ivSize, -macSize), data.subarray(-macSize)];
  if (!poly1305(sealed, key, iv).equals(mac)) return undefined;
  return createCipheriv("aes-256-ctr", key.encrypt, iv).update(sealed);
}

function seal(content: Buffer, password: string, salt: string): string {
  const key = derive(password, salt, light);
  const iv = randomBytes(ivSize);
  const sealed = createCipheriv("aes-256-ctr", key.encrypt, iv).update(content);
  return Buffer.concat([iv, sealed, poly1305(sealed, key, iv)]).toString("base64");
}

/** Poly1305-AES (https://cr.yp.to/mac.html), which Node has no call for. */
function poly1305(message: Buffer, { macK, macR }: DerivedKey, nonce: Buffer): Buffer {
  const toNumber = (bytes: Buffer): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
  const prime = (1n << 130n) - 5n;
  const r = toNumber(macR) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    sum = ((sum + toNumber(Buffer.concat([message.subarray(at, at + 16), Buffer.from([1])]))) * r) % prime;
  }
  const cipher = createCipheriv("aes-128-ecb", macK, null).setAutoPadding(false);
  const tag = (sum + toNumber(cipher.update(nonce))) % (1n << 128n);
  return Buffer.from(tag.toString(16).padStart(32, "0"), "hex").reverse();
}
