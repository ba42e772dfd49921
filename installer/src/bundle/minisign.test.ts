import { blake2b } from "@noble/hashes/blake2.js";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeUnless } from "../../test/support/unless.ts";
import { createSeededRandom } from "../../test/support/memory-ports.ts";
import { parsePublicKey, parseSignature, verifySignature } from "./minisign.ts";
import {
  formatPublicKeyOf,
  formatSecretKey,
  generateKeyPair,
  isEncryptedSecretKey,
  parseSecretKey,
  signMessage,
} from "./minisign-secret.ts";

/** As cheap as libsodium lets it be. */
const cheap = { opslimit: 32768, memlimit: 1024 * 1024 };
const random = createSeededRandom("keys");
const key = generateKeyPair(random);
const publicKey = parsePublicKey(formatPublicKeyOf(key));
const message = Buffer.from('{"kind":"Bundle"}\n');
const signature = signMessage(message, key, "slipway-infra 1.2.3");

function check(text: string, keys = [publicKey], of: Uint8Array = message) {
  return verifySignature(of, parseSignature(text), keys, "bundle.json");
}

/** The text with one bit of a line's bytes turned. */
function turned(text: string, line: number, byte: number): string {
  const lines = text.split("\n");
  const bytes = Buffer.from(lines[line] ?? "", "base64");
  bytes.writeUInt8(bytes.readUInt8(byte) ^ 1, byte);
  lines[line] = bytes.toString("base64");
  return lines.join("\n");
}

test.each([
  ["abc", "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"],
  ["", "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"],
])("the checksum of a secret key is BLAKE2b-256: of %j it gives the published digest", (text, digest) => {
  expect(Buffer.from(blake2b(Buffer.from(text), { dkLen: 32 })).toString("hex")).toBe(digest);
});

test("a signature is verified by the key that made it, with its comment", () => {
  expect(check(signature)).toEqual({ keyId: key.keyId, comment: "slipway-infra 1.2.3" });
});

test("the same message is signed the same way each time", () => {
  expect(signMessage(message, key, "slipway-infra 1.2.3")).toBe(signature);
});

test("a message of which one bit was turned is refused", () => {
  const changed = Buffer.from(message);
  changed.writeUInt8(changed.readUInt8(3) ^ 4, 3);

  expect(() => check(signature, [publicKey], changed)).toThrow("bundle.json is not what the key");
});

test("a signature of which one bit was turned is refused, wherever it is", () => {
  expect(() => check(turned(signature, 1, 0))).toThrow("algorithm is not known");
  expect(() => check(turned(signature, 1, 5))).toThrow("which is not trusted");
  expect(() => check(turned(signature, 1, 40))).toThrow("is not what the key");
  expect(() => check(turned(signature, 3, 40))).toThrow("the trusted comment in the signature of bundle.json");
  expect(() => check(signature.replace("1.2.3", "1.2.4"))).toThrow("the trusted comment in the signature");
});

test("a key that is not trusted is named with those that are", () => {
  const other = generateKeyPair(random);

  expect(() => check(signature, [parsePublicKey(formatPublicKeyOf(other))])).toThrow(
    `bundle.json is signed by the key ${key.keyId}, which is not trusted (trusted: ${other.keyId})`,
  );
});

test("a key with the identifier of another does not stand in for it", () => {
  const impostor = { ...publicKey, key: generateKeyPair(random).publicKey };

  expect(() => check(signature, [impostor])).toThrow("is not what the key");
});

test.each([
  ["nothing", "", "does not begin with a comment"],
  ["three lines", signature.split("\n").slice(0, 3).join("\n"), "right lengths"],
  ["a fifth line", `${signature}more\n`, "not four lines"],
  ["other text", "<html><body>404</body></html>", "does not begin with a comment"],
  ["a short signature", signature.replace(/\n[^\n]+\ntrusted/, "\nRUQ=\ntrusted"), "right lengths"],
  ["too much", "x".repeat(20_000), "too long"],
])("a signature file of %s is refused", (_, text, why) => {
  expect(() => parseSignature(text)).toThrow(why);
});

test.each([
  ["nothing", "", "42 bytes"],
  ["other text", "hello\nworld\n", "comment and one line"],
  ["a secret key", `untrusted comment: x\n${Buffer.alloc(158, 1).toString("base64")}\n`, "42 bytes"],
  ["another algorithm", `untrusted comment: x\n${Buffer.alloc(42, 1).toString("base64")}\n`, "not an Ed25519 key"],
])("a public key file of %s is refused", (_, text, why) => {
  expect(() => parsePublicKey(text)).toThrow(why);
});

test("a public key is read with or without its comment", () => {
  expect(parsePublicKey(formatPublicKeyOf(key).split("\n")[1] ?? "")).toEqual(publicKey);
});

test("a secret key comes back with its passphrase, and with no other", async () => {
  const file = await formatSecretKey(key, "correct horse", random, cheap);

  expect(isEncryptedSecretKey(file)).toBe(true);
  expect(file).not.toContain(key.seed.toString("base64"));
  expect(await parseSecretKey(file, "correct horse", "a.key")).toEqual(key);
  await expect(parseSecretKey(file, "battery staple", "a.key")).rejects.toThrow("the passphrase of a.key is wrong");
});

test("a secret key without passphrase is not encrypted", async () => {
  const file = await formatSecretKey(key, "", random);

  expect(isEncryptedSecretKey(file)).toBe(false);
  expect(await parseSecretKey(file, "", "a.key")).toEqual(key);
});

test("a damaged secret key is refused, and so is one that asks for endless memory", async () => {
  const file = await formatSecretKey(key, "", random);
  const costly = await formatSecretKey(key, "x", random, cheap);
  const bytes = Buffer.from(costly.split("\n")[1] ?? "", "base64");
  bytes.writeBigUInt64LE(2n ** 40n, 46);

  await expect(parseSecretKey(turned(file, 1, 70), "", "a.key")).rejects.toThrow("or the file is damaged");
  await expect(parseSecretKey(turned(file, 1, 2), "", "a.key")).rejects.toThrow("algorithms are not known");
  await expect(parseSecretKey("short", "", "a.key")).rejects.toThrow("a.key is not a minisign secret key");
  await expect(parseSecretKey(`untrusted comment: x\n${bytes.toString("base64")}\n`, "x", "a.key")).rejects.toThrow(
    "more memory or time",
  );
});

test("a comment of two lines cannot be signed", () => {
  expect(() => signMessage(message, key, "one\ntwo")).toThrow("one line");
});

function programPresent(): boolean {
  try {
    execFileSync("minisign", ["-v"], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}

const present = programPresent();
describeUnless(present ? undefined : "minisign is not installed", "with the program minisign", () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const run = (args: readonly string[], input = ""): string =>
    execFileSync("minisign", args, { input, encoding: "utf8", stdio: "pipe" });
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-test-minisign-"));
    writeFileSync(at("message"), message);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test("it verifies a signature of ours", () => {
    writeFileSync(at("ours.pub"), formatPublicKeyOf(key));
    writeFileSync(at("ours.minisig"), signature);

    const said = run(["-V", "-p", at("ours.pub"), "-x", at("ours.minisig"), "-m", at("message")]);

    expect(said).toContain("Signature and comment signature verified");
    expect(said).toContain("Trusted comment: slipway-infra 1.2.3");
  });

  test("it signs with secret keys of ours, encrypted and not, and we verify that", async () => {
    writeFileSync(at("clear.key"), await formatSecretKey(key, "", random));
    writeFileSync(at("locked.key"), await formatSecretKey(key, "correct horse", random, cheap));

    run(["-S", "-s", at("clear.key"), "-x", at("clear.minisig"), "-m", at("message"), "-t", "by minisign"]);
    run(["-S", "-s", at("locked.key"), "-x", at("locked.minisig"), "-m", at("message")], "correct horse\n");

    expect(check(readFileSync(at("clear.minisig"), "utf8")).comment).toBe("by minisign");
    expect(check(readFileSync(at("locked.minisig"), "utf8")).keyId).toBe(key.keyId);
  });

  test("we read its secret keys and sign with them, and it verifies that", async () => {
    run(["-G", "-W", "-p", at("theirs.pub"), "-s", at("theirs.key")]);
    const theirs = await parseSecretKey(readFileSync(at("theirs.key"), "utf8"), "", "theirs.key");

    writeFileSync(at("theirs.minisig"), signMessage(message, theirs, "made here"));

    expect(run(["-V", "-p", at("theirs.pub"), "-x", at("theirs.minisig"), "-m", at("message")])).toContain("made here");
    expect(parsePublicKey(readFileSync(at("theirs.pub"), "utf8")).keyId).toBe(theirs.keyId);
  });
});
