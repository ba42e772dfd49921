import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign,
  X509Certificate,
} from "node:crypto";
import { promisify } from "node:util";
import type { Random } from "../../platform/ports.ts";
import * as der from "./der.ts";

const generatePair = promisify(generateKeyPair);
const signAsync = promisify(sign);
const dayMs = 86_400_000;

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
  const { privateKey } = await generatePair("rsa", { modulusLength: spec.bits });
  const expires = yearsLater(now, spec.years);
  const certificate = await certify(random, {
    subject: spec.commonName,
    issuer: spec.commonName,
    subjectKey: createPublicKey(privateKey),
    signer: privateKey,
    from: now,
    until: expires,
    extensions: [basicConstraints(false), keyUsage([0])],
  });
  return { privateKey: pem(privateKey), certificate, expires };
}

/** Our own certificate authority (P-256); it may sign leaves and nothing below them. */
export async function certificateAuthority(
  random: Random,
  now: Date,
  spec: { readonly commonName: string; readonly years: number },
): Promise<KeyAndCertificate> {
  const { privateKey } = await generatePair("ec", { namedCurve: "P-256" });
  const publicKey = createPublicKey(privateKey);
  const expires = yearsLater(now, spec.years);
  const certificate = await certify(random, {
    subject: spec.commonName,
    issuer: spec.commonName,
    subjectKey: publicKey,
    signer: privateKey,
    from: now,
    until: expires,
    extensions: [basicConstraints(true), keyUsage([5, 6]), subjectKeyId(publicKey)],
  });
  return { privateKey: pem(privateKey), certificate, expires };
}

/** A server certificate for these names and addresses, signed by the authority. */
export async function tlsLeaf(
  random: Random,
  now: Date,
  spec: { readonly names: readonly string[]; readonly days: number },
  authority: { readonly privateKey: string; readonly certificate: string },
): Promise<KeyAndCertificate> {
  const { privateKey } = await generatePair("ec", { namedCurve: "P-256" });
  const publicKey = createPublicKey(privateKey);
  const parent = new X509Certificate(authority.certificate);
  const wanted = new Date(now.getTime() + spec.days * dayMs);
  const parentEnd = new Date(parent.validTo);
  const expires = wanted < parentEnd ? wanted : parentEnd;
  const certificate = await certify(random, {
    subject: spec.names[0] ?? "localhost",
    issuer: commonNameOf(parent),
    subjectKey: publicKey,
    signer: createPrivateKey(authority.privateKey),
    from: now,
    until: expires,
    extensions: [
      basicConstraints(false),
      keyUsage([0]),
      extendedKeyUsage(),
      subjectKeyId(publicKey),
      authorityKeyId(parent.publicKey),
      alternativeNames(spec.names),
    ],
  });
  return { privateKey: pem(privateKey), certificate: certificate + authority.certificate, expires };
}

interface CertificateRequest {
  readonly subject: string;
  readonly issuer: string;
  readonly subjectKey: KeyObject;
  readonly signer: KeyObject;
  readonly from: Date;
  readonly until: Date;
  readonly extensions: readonly Buffer[];
}

async function certify(random: Random, request: CertificateRequest): Promise<string> {
  const rsa = request.signer.asymmetricKeyType === "rsa";
  const algorithm = rsa
    ? der.sequence(der.objectId("1.2.840.113549.1.1.11"), Buffer.from([0x05, 0x00]))
    : der.sequence(der.objectId("1.2.840.10045.4.3.2"));
  // A clock that is a little behind on the other side must not refuse a fresh certificate.
  const from = new Date(request.from.getTime() - 5 * 60_000);
  const serial = Buffer.from(random.bytes(16));
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))),
    der.integer(serial),
    algorithm,
    distinguishedName(request.issuer),
    der.sequence(der.time(from), der.time(request.until)),
    distinguishedName(request.subject),
    request.subjectKey.export({ type: "spki", format: "der" }),
    der.explicit(3, der.sequence(...request.extensions)),
  );
  const signature = await signAsync("sha256", body, request.signer);
  const bytes = der.sequence(body, algorithm, der.bitString(signature));
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** RFC 5280 allows a common name 64 characters; the names that count are the alternative ones. */
function distinguishedName(commonName: string): Buffer {
  const attribute = der.sequence(der.objectId("2.5.4.3"), der.utf8String(Array.from(commonName).slice(0, 64).join("")));
  return der.sequence(der.setOf(attribute));
}

function commonNameOf(certificate: X509Certificate): string {
  return /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? "";
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return der.sequence(der.objectId(id), ...(critical ? [der.booleanTrue] : []), der.octetString(value));
}

function basicConstraints(authority: boolean): Buffer {
  const value = authority ? der.sequence(der.booleanTrue, der.integer(Buffer.from([0]))) : der.sequence();
  return extension("2.5.29.19", true, value);
}

/** Bits by number: 0 digitalSignature, 5 keyCertSign, 6 cRLSign. */
function keyUsage(bits: readonly number[]): Buffer {
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return extension("2.5.29.15", true, der.bitString(Buffer.from([byte]), 7 - Math.max(...bits)));
}

function extendedKeyUsage(): Buffer {
  return extension("2.5.29.37", false, der.sequence(der.objectId("1.3.6.1.5.5.7.3.1")));
}

function subjectKeyId(key: KeyObject): Buffer {
  return extension("2.5.29.14", false, der.octetString(keyId(key)));
}

function authorityKeyId(key: KeyObject): Buffer {
  return extension("2.5.29.35", false, der.sequence(der.implicit(0, keyId(key))));
}

/** RFC 7093 §2: a truncated SHA-256 of the public key information. */
function keyId(key: KeyObject): Buffer {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest()
    .subarray(0, 20);
}

function alternativeNames(names: readonly string[]): Buffer {
  const items = names.map((name) =>
    isAddress(name) ? der.implicit(7, addressBytes(name)) : der.implicit(2, Buffer.from(name, "ascii")),
  );
  return extension("2.5.29.17", false, der.sequence(...items));
}

/** Host names have no colon, and their last label is not a number. */
function isAddress(name: string): boolean {
  return name.includes(":") || isIpv4(name);
}

function isIpv4(name: string): boolean {
  return /^\d+(\.\d+){3}$/.test(name);
}

function addressBytes(address: string): Buffer {
  if (isIpv4(address)) return Buffer.from(address.split(".").map(Number));
  const groups = (part: string): readonly string[] => (part === "" ? [] : part.split(":"));
  const [head = "", tail] = address.toLowerCase().split("::");
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, "0")).join(""), "hex");
}

function pem(key: KeyObject): string {
  return String(key.export({ type: "pkcs8", format: "pem" }));
}

function yearsLater(now: Date, years: number): Date {
  const later = new Date(now);
  later.setUTCFullYear(now.getUTCFullYear() + years);
  return later;
}
