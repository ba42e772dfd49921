import { spawnSync } from "node:child_process";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ParsedKey, utils } from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSeededRandom } from "../../../test/support/memory-ports.ts";
import { certificateAuthority, signingPair, tlsLeaf } from "./certificates.ts";
import { sshHostKey } from "./generate.ts";

const random = createSeededRandom();
const now = new Date();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-certificates-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function firstOf(chain: string): X509Certificate {
  return new X509Certificate(chain.slice(0, chain.indexOf("-----END CERTIFICATE-----") + 26));
}

describe("certificates", () => {
  test("a leaf is right for its names and addresses and signed by its authority", async () => {
    const ca = await certificateAuthority(random, now, { commonName: "Slipway test CA", years: 10 });
    const names = ["hub.example.com", "*.apps.example.com", "10.1.2.3", "::1", "2001:db8::12"];
    const leaf = await tlsLeaf(random, now, { names, days: 397 }, ca);
    const parent = new X509Certificate(ca.certificate);
    const certificate = firstOf(leaf.certificate);

    expect(parent.ca).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.verify(parent.publicKey)).toBe(true);
    expect(certificate.checkIssued(parent)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(leaf.privateKey))).toBe(true);
    expect(["hub.example.com", "x.apps.example.com"].map((name) => certificate.checkHost(name) !== undefined)).toEqual([
      true,
      true,
    ]);
    expect(certificate.checkHost("other.example.com")).toBeUndefined();
    expect(["10.1.2.3", "::1", "2001:db8::12"].every((address) => certificate.checkIP(address) !== undefined)).toBe(
      true,
    );
    expect(Date.parse(certificate.validTo)).toBe(Math.floor(leaf.expires.getTime() / 1000) * 1000);
  });

  test("openssl accepts the chain for a server, strictly", async () => {
    const ca = await certificateAuthority(random, now, { commonName: "Slipway test CA", years: 10 });
    const leaf = await tlsLeaf(random, now, { names: ["hub.example.com"], days: 90 }, ca);
    writeFileSync(join(folder, "ca.pem"), ca.certificate);
    writeFileSync(join(folder, "leaf.pem"), leaf.certificate);
    const verified = spawnSync("openssl", [
      "verify",
      "-x509_strict",
      "-purpose",
      "sslserver",
      "-verify_hostname",
      "hub.example.com",
      "-CAfile",
      join(folder, "ca.pem"),
      join(folder, "leaf.pem"),
    ]);

    expect(verified.stderr.toString()).toBe("");
    expect(verified.stdout.toString().trim()).toBe(`${join(folder, "leaf.pem")}: OK`);
  });

  test("a leaf never outlives its authority", async () => {
    const ca = await certificateAuthority(random, now, { commonName: "CA", years: 1 });
    const leaf = await tlsLeaf(random, now, { names: ["a"], days: 3650 }, ca);

    expect(leaf.expires).toEqual(new Date(new X509Certificate(ca.certificate).validTo));
  });

  test("a signing pair is RSA, signed by itself, and valid past 2050", async () => {
    const pair = await signingPair(random, now, { bits: 2048, commonName: "tokens", years: 30 });
    const certificate = new X509Certificate(pair.certificate);

    expect(certificate.publicKey.asymmetricKeyType).toBe("rsa");
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(new Date(certificate.validTo).getUTCFullYear()).toBe(now.getUTCFullYear() + 30);
  });
});

test.each([
  ["ed25519", "ssh-ed25519"],
  ["rsa", "ssh-rsa"],
  ["ecdsa", "ecdsa-sha2-nistp256"],
] as const)("the public line of a %s host key is that of its private key", async (algorithm, type) => {
  const { privateKey, publicKey } = await sshHostKey(algorithm);
  const parsed = utils.parseKey(publicKey);
  if (parsed instanceof Error) throw parsed;
  const key: ParsedKey | undefined = [parsed].flat()[0];

  expect(publicKey.split(" ")[0]).toBe(type);
  expect(createPublicKey(key?.getPublicPEM() ?? "").equals(createPublicKey(privateKey))).toBe(true);
});
