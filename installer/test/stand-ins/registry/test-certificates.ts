// The certificate library finds its parts by reflection and needs this before it is loaded.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { certificateAuthority, tlsLeaf } from "../../../src/execute/secrets/certificates.ts";
import { issueCertificate } from "../../support/issue-certificate.ts";
import { createSeededRandom } from "../../support/memory-ports.ts";

interface Pair {
  readonly key: string;
  readonly cert: string;
}

export interface TestCertificates {
  /** PEM of the authority that signed all of these. */
  readonly ca: string;
  /** For 127.0.0.1 and localhost. */
  readonly good: Pair;
  /** For another name. */
  readonly wrongName: Pair;
  readonly expired: Pair;
  /** For a client; no server's names. */
  readonly client: Pair;
  /** An authority that signed none of these. */
  readonly otherCa: string;
  /** As companies have it: a root, an issuing authority below it, and what that one signed. */
  readonly company: CompanyCertificates;
}

interface CompanyCertificates {
  readonly root: string;
  readonly intermediate: string;
  /** For 127.0.0.1 and localhost; the issuing authority's certificate is sent along. */
  readonly server: Pair;
  /** The server's own certificate alone. */
  readonly leaf: string;
  /** Of another name and key, by the same issuing authority. */
  readonly otherLeaf: string;
  /** Another issuing authority below the same root. */
  readonly otherIntermediate: string;
}

const dayMs = 86_400_000;

/** An authority made for this test, and server certificates of every kind of wrong. */
export async function makeTestCertificates(): Promise<TestCertificates> {
  const now = new Date();
  const random = createSeededRandom("certificates of tests");
  const ca = await certificateAuthority(random, now, { commonName: "test authority", years: 1 });
  const other = await certificateAuthority(random, now, { commonName: "another authority", years: 1 });
  const leaf = async (names: readonly string[], made: Date, days: number): Promise<Pair> => {
    const { privateKey, certificate } = await tlsLeaf(random, made, { names, days }, ca);
    return { key: privateKey, cert: certificate };
  };
  return {
    ca: ca.certificate,
    otherCa: other.certificate,
    good: await leaf(["localhost", "127.0.0.1"], now, 30),
    wrongName: await leaf(["registry.example"], now, 30),
    expired: await leaf(["localhost", "127.0.0.1"], new Date(now.getTime() - 20 * dayMs), 10),
    client: await clientCertificate(ca, now),
    company: await companyCertificates(),
  };
}

async function companyCertificates(): Promise<CompanyCertificates> {
  const root = await issueCertificate({ commonName: "corp root", authority: true });
  const issuing = await issueCertificate({ commonName: "corp issuing", authority: true, issuer: root });
  const elsewhere = await issueCertificate({ commonName: "corp issuing elsewhere", authority: true, issuer: root });
  const server = await issueCertificate({ commonName: "server", names: ["localhost", "127.0.0.1"], issuer: issuing });
  const other = await issueCertificate({ commonName: "other", names: ["registry.example"], issuer: issuing });
  return {
    root: root.pem,
    intermediate: issuing.pem,
    server: { key: server.key, cert: server.pem + issuing.pem },
    leaf: server.pem,
    otherLeaf: other.pem,
    otherIntermediate: elsewhere.pem,
  };
}

async function clientCertificate(
  authority: { readonly privateKey: string; readonly certificate: string },
  now: Date,
): Promise<Pair> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const [der] = x509.PemConverter.decode(authority.privateKey);
  if (der === undefined) throw new Error("the authority has no key");
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: "4242",
    notBefore: new Date(now.getTime() - dayMs),
    notAfter: new Date(now.getTime() + dayMs),
    subject: "CN=test client",
    issuer: new x509.X509Certificate(authority.certificate).subject,
    publicKey: keys.publicKey,
    signingKey: await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]),
    signingAlgorithm: algorithm,
    extensions: [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])],
  });
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { key, cert: certificate.toString("pem") };
}
