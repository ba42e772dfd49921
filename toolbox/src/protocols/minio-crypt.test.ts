import { createCipheriv, createDecipheriv, pbkdf2Sync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { encryptForMinio } from "./minio-crypt.ts";

const sealedBlock = (1 << 14) + 16;

/** The other side of the format, written after sio-go's reader. */
function decrypt(secretKey: string, sealed: Buffer): Buffer {
  const nonce = sealed.subarray(33, 41);
  const key = pbkdf2Sync(secretKey, sealed.subarray(0, 32), 8192, 32, "sha256");
  const numbered = (number: number): Buffer => {
    const counter = Buffer.alloc(4);
    counter.writeUInt32LE(number);
    return Buffer.concat([nonce, counter]);
  };
  const empty = createCipheriv("aes-256-gcm", key, numbered(0));
  empty.final();
  const stream = sealed.subarray(41);
  const plain: Buffer[] = [];
  for (let number = 1, at = 0; at < stream.length; number += 1, at += sealedBlock) {
    const block = stream.subarray(at, at + sealedBlock);
    const flag = Buffer.of(at + sealedBlock >= stream.length ? 0x80 : 0);
    const decipher = createDecipheriv("aes-256-gcm", key, numbered(number));
    decipher.setAAD(Buffer.concat([flag, empty.getAuthTag()]));
    decipher.setAuthTag(block.subarray(-16));
    plain.push(Buffer.concat([decipher.update(block.subarray(0, -16)), decipher.final()]));
  }
  return Buffer.concat(plain);
}

describe("encryptForMinio", () => {
  it.each([0, 1, 100, 16_383, 16_384, 16_385, 50_000])("seals %i bytes so that the reader gets them back", (length) => {
    const payload = Buffer.alloc(length, "abc");

    const sealed = encryptForMinio("caller-secret", payload);

    expect(sealed[32]).toBe(2);
    expect(sealed.length).toBe(41 + length + 16 * Math.max(1, Math.ceil(length / 16_384)));
    expect(decrypt("caller-secret", sealed).equals(payload)).toBe(true);
  });

  it("cannot be opened with another secret", () => {
    const sealed = encryptForMinio("caller-secret", Buffer.from("{}"));

    expect(() => decrypt("other-secret", sealed)).toThrow();
  });

  it("cannot be cut off at a block's end without notice", () => {
    const sealed = encryptForMinio("caller-secret", Buffer.alloc(40_000));

    expect(() => decrypt("caller-secret", sealed.subarray(0, 41 + sealedBlock))).toThrow();
  });

  it("never seals the same payload to the same bytes", () => {
    const payload = Buffer.from("same");

    expect(encryptForMinio("k", payload).equals(encryptForMinio("k", payload))).toBe(false);
  });
});
