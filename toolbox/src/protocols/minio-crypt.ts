import { createCipheriv, pbkdf2Sync, randomBytes } from "node:crypto";

/**
 * MinIO's admin API takes payloads with secrets encrypted under the caller's secret key.
 *
 * Format, from github.com/minio/madmin-go encrypt.go: salt (32) | algorithm (1) | nonce (8) | sealed stream.
 * Algorithm 2 is AES-256-GCM under PBKDF2-SHA256 with 8192 rounds. The stream is that of
 * github.com/secure-io/sio-go: blocks of 16 KiB, each sealed with nonce | block number (little endian); the
 * additional data of every block is a flag (0x80 for the last) and the seal of nothing under block number 0.
 */
const saltLength = 32;
const nonceLength = 8;
const blockLength = 1 << 14;
const pbkdf2Aes256Gcm = 2;
const rounds = 8192;

/** Encrypts a payload of the admin API under the caller's secret key. */
export function encryptForMinio(secretKey: string, payload: Buffer): Buffer {
  const salt = randomBytes(saltLength);
  const nonce = randomBytes(nonceLength);
  const key = pbkdf2Sync(secretKey, salt, rounds, 32, "sha256");
  const header = Buffer.concat([salt, Buffer.of(pbkdf2Aes256Gcm), nonce]);
  const streamTag = seal(key, nonce, 0, Buffer.alloc(0), Buffer.alloc(0));
  const blocks: Buffer[] = [header];
  const count = Math.max(1, Math.ceil(payload.length / blockLength));
  for (let index = 0; index < count; index += 1) {
    const last = index === count - 1;
    const additional = Buffer.concat([Buffer.of(last ? 0x80 : 0x00), streamTag]);
    const plain = payload.subarray(index * blockLength, (index + 1) * blockLength);
    blocks.push(seal(key, nonce, index + 1, plain, additional));
  }
  return Buffer.concat(blocks);
}

function seal(key: Buffer, nonce: Buffer, number: number, plain: Buffer, additional: Buffer): Buffer {
  const counter = Buffer.alloc(4);
  counter.writeUInt32LE(number);
  const cipher = createCipheriv("aes-256-gcm", key, Buffer.concat([nonce, counter]));
  cipher.setAAD(additional);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}
