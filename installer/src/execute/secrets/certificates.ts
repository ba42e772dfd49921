// The certificate library finds its parts by reflection and needs this before it is loaded.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { Random } from "../../platform/ports.ts";

const dayMs = 86_400_000;
const ecdsa = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]) } as const;

export interface KeyAndCertificate {
  /** PKCS#8 PEM. */
  readonly privateKey: string;
  /** PEM; of a leaf, its authority's certificate follows. */
  readonly certificate: string;
  readonly expires: Date;
}

/** A self-signed RSA pair for signing tokens. */
export async function signingPair(
  random: Random,
  now: Date,
  spec: { readonly bits: number; readonly commonName: string; readonly years: number },
): Promise<KeyAndCertificate> {
  const keys = await webcrypto.subtle.generateKey({ ...rsa, modulusLength: spec.bits }, true, ["sign", "verify"]);
  const expires = yearsLater(now, spec.years);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(random, now, expires),
    name: distinguishedName(spec.commonName),
    signingAlgorithm: rsa,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    ],
  });
  return { privateKey: await privatePem(keys.privateKey), certificate: certificatePem(certificate), expires };
}

/** Our own certificate authority (P-256); it may sign leaves and nothing below them. */
export async function certificateAuthority(
  random: Random,
  now: Date,
  spec: { readonly commonName: string; readonly years: number },
): Promise<KeyAndCertificate> {
  const keys = await webcrypto.subtle.generateKey(ecdsa, true, ["sign", "verify"]);
  const expires = yearsLater(now, spec.years);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(random, now, expires),
    name: distinguishedName(spec.commonName),
    signingAlgorithm: ecdsa,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { privateKey: await privatePem(keys.privateKey), certificate: certificatePem(certificate), expires };
}

/** A server certificate for these names and addresses, signed by the authority. */
export async function tlsLeaf(
  random: Random,
  now: Date,
  spec: { readonly names: readonly string[]; readonly days: number },
  authority: { readonly privateKey: string; readonly certificate: string },
): Promise<KeyAndCertificate> {
  const parent = new x509.X509Certificate(authority.certificate);
  const keys = await webcrypto.subtle.generateKey(ecdsa, true, ["sign", "verify"]);
  const wanted = new Date(now.getTime() + spec.days * dayMs);
  const expires = wanted < parent.notAfter ? wanted : parent.notAfter;
  const certificate = await x509.X509CertificateGenerator.create({
    ...common(random, now, expires),
    subject: distinguishedName(spec.names[0] ?? "localhost"),
    issuer: parent.subject,
    publicKey: keys.publicKey,
    signingKey: await importSigner(authority.privateKey),
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(await parent.publicKey.export()),
      new x509.SubjectAlternativeNameExtension(
        spec.names.map((name) => ({ type: isAddress(name) ? "ip" : "dns", value: name })),
      ),
    ],
  });
  return {
    privateKey: await privatePem(keys.privateKey),
    certificate: certificatePem(certificate) + authority.certificate,
    expires,
  };
}

function common(random: Random, now: Date, expires: Date) {
  const serial = Buffer.from(random.bytes(16));
  // Positive and of full length, as RFC 5280 asks.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  // A clock that is a little behind on the other side must not refuse a fresh certificate.
  return { serialNumber: serial.toString("hex"), notBefore: new Date(now.getTime() - 5 * 60_000), notAfter: expires };
}

/** RFC 5280 allows a common name 64 characters; the names that count are the alternative ones. */
function distinguishedName(commonName: string): x509.JsonName {
  return [{ CN: [Array.from(commonName).slice(0, 64).join("")] }];
}

async function importSigner(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(pem);
  if (der === undefined) throw new RangeError("the authority's private key is not PEM");
  return await webcrypto.subtle.importKey("pkcs8", der, ecdsa, false, ["sign"]);
}

/** Host names have no colon, and their last label is not a number. */
function isAddress(name: string): boolean {
  return name.includes(":") || /^\d+(\.\d+){3}$/.test(name);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

function certificatePem(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

function yearsLater(now: Date, years: number): Date {
  const later = new Date(now);
  later.setUTCFullYear(now.getUTCFullYear() + years);
  return later;
}
