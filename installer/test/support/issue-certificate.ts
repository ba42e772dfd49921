// The certificate library finds its parts by reflection and needs this before it is loaded.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

export interface CertificateSpec {
  readonly commonName: string;
  /** Subject alternative names, host names and IPv4 addresses; none unless told. */
  readonly names?: readonly string[];
  /** Who signs it; itself unless told. */
  readonly issuer?: IssuedCertificate;
  /** Whether it may sign others. */
  readonly authority?: boolean;
  /** First and last day of its life, counted from today. */
  readonly days?: readonly [number, number];
  /** An RSA key of this many bits, instead of one on a curve. */
  readonly rsaBits?: number;
  /** P-256 unless told. */
  readonly curve?: "P-256" | "P-384" | "P-521" | "Ed25519";
  /** Of the signature. */
  readonly hash?: "SHA-1" | "SHA-256";
  /** Extended key usages. */
  readonly uses?: readonly x509.ExtendedKeyUsageType[];
  /** The key of another certificate instead of a new one. */
  readonly keyOf?: IssuedCertificate;
}

export interface IssuedCertificate {
  /** PEM, with a newline at its end. */
  readonly pem: string;
  /** PKCS #8 PEM, with a newline at its end. */
  readonly key: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly rsa: boolean;
  readonly subject: string;
}

const dayMs = 86_400_000;

/** A certificate as companies, tools and accidents make them. */
export async function issueCertificate(spec: CertificateSpec, now = new Date()): Promise<IssuedCertificate> {
  const rsa = spec.keyOf?.rsa ?? spec.rsaBits !== undefined;
  const keys = spec.keyOf?.keys ?? (await makeKeys(spec));
  const [from, to] = spec.days ?? [-1, 300];
  const subject = `CN=${spec.commonName}`;
  const signer = spec.issuer ?? { keys, rsa, subject };
  const { names = [], authority = false, uses } = spec;
  const certificate = await x509.X509CertificateGenerator.create({
    notBefore: new Date(now.getTime() + from * dayMs),
    notAfter: new Date(now.getTime() + to * dayMs),
    subject,
    issuer: signer.subject,
    publicKey: keys.publicKey,
    signingKey: signer.keys.privateKey,
    signingAlgorithm: {
      name: signer.rsa ? "RSASSA-PKCS1-v1_5" : "ECDSA",
      hash: spec.hash ?? "SHA-256",
    },
    extensions: [
      new x509.BasicConstraintsExtension(authority, undefined, true),
      ...(authority ? [new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)] : []),
      ...(uses === undefined ? [] : [new x509.ExtendedKeyUsageExtension([...uses])]),
      ...(names.length === 0
        ? []
        : [
            new x509.SubjectAlternativeNameExtension(
              names.map((name) => ({ type: /^\d+(\.\d+){3}$/.test(name) ? "ip" : "dns", value: name })),
            ),
          ]),
    ],
  });
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { pem: `${certificate.toString("pem")}\n`, key: `${key}\n`, keys, rsa, subject };
}

async function makeKeys({ rsaBits, curve = "P-256" }: CertificateSpec): Promise<webcrypto.CryptoKeyPair> {
  const usages = ["sign", "verify"] as const;
  if (rsaBits === undefined) {
    const name = curve === "Ed25519" ? curve : "ECDSA";
    return webcrypto.subtle.generateKey({ name, namedCurve: curve }, true, usages);
  }
  const rsa = {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: rsaBits,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  };
  return webcrypto.subtle.generateKey(rsa, true, usages);
}
