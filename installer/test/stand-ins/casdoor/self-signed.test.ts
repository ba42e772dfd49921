import { generateKeyPairSync, createPublicKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { pair, closeStandIns } from "./testing/running-stand-in.ts";

closeStandIns();

describe("a made certificate", () => {
  it("matches its key", () => {
    const other = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const modulus = (key: Parameters<typeof createPublicKey>[0]): unknown =>
      createPublicKey(key).export({ format: "jwk" }).n;
    expect(modulus(pair.certificate)).toBe(modulus(pair.privateKey));
    expect(modulus(pair.certificate)).not.toBe(other.publicKey.export({ format: "jwk" }).n);
  });
});
