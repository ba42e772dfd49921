import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import { isIpv4, isIpv6 } from "../../../values/host-names.ts";
import type { Check, CheckContext, CheckFinding } from "../../../targets/check.ts";
import { buildChain, type CertificateChain } from "./certificate-chain.ts";
import { type FoundCertificate, readCertificates } from "./pem.ts";
import { readGiven } from "./read-given.ts";

const warnDays = 30;
const dayMs = 86_400_000;

export const tlsFiles: Check = {
  id: "files.tls",
  title: "the TLS files are readable, belong together, are valid and cover the names",
  why: "browsers and services refuse a certificate that is expired or for another name, and the gateway does not start with one it cannot read",
  severity: "failure",
  run: async (context) => {
    if (context.plan.settings.tls !== "files") return [];
    const { certFile, keyFile, caFile } = context.values.tls;
    const [certificate, key, authority] = await Promise.all([
      readGiven(context, certFile, "tls.certFile"),
      readGiven(context, keyFile, "tls.keyFile"),
      caFile === "" ? undefined : readGiven(context, caFile, "tls.caFile"),
    ]);
    const unreadable = [certificate, key, authority].flatMap((file) =>
      file !== undefined && "finding" in file ? [file.finding] : [],
    );
    if ("finding" in certificate || "finding" in key || (authority !== undefined && "finding" in authority)) {
      return unreadable;
    }
    return checkFiles(context, { certificate: certificate.text, key: key.text, authority: authority?.text });
  },
};

interface Texts {
  readonly certificate: string;
  readonly key: string;
  readonly authority: string | undefined;
}

function checkFiles(context: CheckContext, texts: Texts): readonly CheckFinding[] {
  const file = readFile(
    texts.certificate,
    "tls.certFile",
    "give the chain in PEM form, the server's certificate first",
  );
  const authority =
    texts.authority === undefined
      ? { certificates: [], findings: [] }
      : readFile(texts.authority, "tls.caFile", "give the authority's certificate in PEM form");
  const damaged = [...file.findings, ...authority.findings];
  const [server, ...others] = file.certificates;
  if (damaged.length > 0 || server === undefined) return damaged;
  const given = authority.certificates.map(({ certificate }) => certificate);
  const chain = buildChain(server, others, given, context.clock.now());
  return [
    ...checkKey(file.certificates, texts.key),
    ...checkChain(context, chain, server),
    ...checkDates(context, [...file.certificates, ...authority.certificates], chain),
    ...checkStrength(file.certificates),
    ...checkPurpose(server.certificate),
    ...checkNames(context, server.certificate),
  ];
}

/** The certificates of one file; findings where there is none, or one that nginx does not read. */
function readFile(
  text: string,
  name: string,
  remedy: string,
): { readonly certificates: readonly FoundCertificate[]; readonly findings: readonly CheckFinding[] } {
  const { certificates, problems } = readCertificates(text);
  if (problems.length > 0) {
    const findings = problems.map((problem) => ({
      message: `${name}: ${problem}`,
      remedy:
        "write the file anew, each block beginning on a line of its own; files are joined with a newline between them",
    }));
    return { certificates, findings };
  }
  const found = certificates.map((entry) => ({ ...entry, where: `${entry.where} of ${name}` }));
  if (found.length > 0) return { certificates: found, findings: [] };
  // DER begins with the byte 0x30 and a length.
  const isDer = text.startsWith("0\uFFFD") || text.startsWith("0\u0082");
  const convert = "it is in DER form: openssl x509 -inform der -in FILE -out FILE.pem";
  return {
    certificates: [],
    findings: [{ message: `${name} holds no certificate in PEM form`, remedy: isDer ? convert : remedy }],
  };
}

function checkKey([server, ...others]: readonly FoundCertificate[], keyText: string): readonly CheckFinding[] {
  let key: KeyObject;
  try {
    key = createPrivateKey(keyText);
  } catch {
    return [
      {
        message: "tls.keyFile holds no private key in PEM form, or one with a passphrase",
        remedy: "give the key in PEM form without a passphrase",
      },
    ];
  }
  if (server?.certificate.checkPrivateKey(key) === true) return [];
  const right = others.find(({ certificate }) => certificate.checkPrivateKey(key));
  const message = "tls.keyFile is not the key of tls.certFile";
  if (right === undefined) return [{ message, remedy: "give the key the certificate was requested with" }];
  return [
    {
      message: `${message}: it is that of ${right.where}`,
      remedy: "the server's certificate must come first in its file",
    },
  ];
}

function checkChain(
  { values }: CheckContext,
  { links, anchored }: CertificateChain,
  server: FoundCertificate,
): readonly CheckFinding[] {
  if (anchored) return [];
  const top = links.at(-1) ?? server;
  const issuer = issuerOf(top.certificate);
  if (values.tls.caFile !== "") {
    return [
      {
        message: `the chain of tls.certFile does not lead to tls.caFile: ${issuer}, which signed ${top.where}, is in neither`,
        remedy: "append the certificates of the authorities in between to tls.certFile, or give the right authority",
      },
    ];
  }
  const lacksIssuer = links.length === 1;
  return [
    {
      severity: "warning",
      message: lacksIssuer
        ? `tls.certFile has no certificate of ${issuer}, which signed ${top.where} and is not publicly trusted`
        : `${issuer}, which signed ${top.where}, is not publicly trusted`,
      remedy: lacksIssuer
        ? "append the certificates of the authorities in between to tls.certFile, and name the root in tls.caFile"
        : "name its certificate in tls.caFile, so that the platform's own services trust it",
    },
  ];
}

function issuerOf({ issuer }: X509Certificate): string {
  const lines = ((issuer as string | undefined) ?? "").split("\n");
  return lines.find((line) => line.startsWith("CN="))?.slice("CN=".length) ?? lines.join(", ");
}

/** One that is over and that no chain needs is sent all the same, and only some clients pass it over. */
function checkDates(
  { clock }: CheckContext,
  certificates: readonly FoundCertificate[],
  { links }: CertificateChain,
): readonly CheckFinding[] {
  const now = clock.now().getTime();
  return certificates.flatMap((found, index) => {
    const { certificate, where } = found;
    const [from, to] = [certificate.validFromDate, certificate.validToDate];
    const what = index === 0 ? "the certificate" : where;
    const remedy =
      index === 0
        ? "get a new certificate and point tls.certFile and tls.keyFile at it"
        : "replace it by the authority's present certificate";
    const needed = links.includes(found) ? {} : ({ severity: "warning" } as const);
    if (now < from.getTime()) return [{ ...needed, message: `${what} is valid only from ${day(from)}`, remedy }];
    if (now > to.getTime()) return [{ ...needed, message: `${what} expired on ${day(to)}`, remedy }];
    if (to.getTime() - now > warnDays * dayMs) return [];
    return [{ severity: "warning" as const, message: `${what} expires on ${day(to)}`, remedy }];
  });
}

const leastRsaBits = 2048;
const leastEcBits = 224;

/** What OpenSSL refuses at the security level that Debian and others set (2): nginx does not start with it. */
function checkStrength(certificates: readonly FoundCertificate[]): readonly CheckFinding[] {
  return certificates.flatMap(({ certificate, where }) => {
    const weak = weakness(certificate);
    if (weak === undefined) return [];
    return [
      {
        message: `${where} ${weak}, which the gateway and browsers refuse`,
        remedy: "have a new one made with a key of RSA 2048, EC P-256 or stronger, and SHA-256",
      },
    ];
  });
}

function weakness(certificate: X509Certificate): string | undefined {
  const { asymmetricKeyType: kind, asymmetricKeyDetails: details } = certificate.publicKey;
  const bits = details?.modulusLength;
  if (kind === "rsa" && bits !== undefined && bits < leastRsaBits) return `has an RSA key of ${bits} bits`;
  const curve = details?.namedCurve;
  const size = Number(/\d{3}/.exec(curve ?? "")?.[0] ?? leastEcBits);
  if (kind === "ec" && size < leastEcBits) return `has a key on the curve ${curve ?? ""}`;
  const signature = certificate.signatureAlgorithm ?? "";
  const signsItself = certificate.checkIssued(certificate);
  return !signsItself && /sha-?1\b|sha1With|md5/i.test(signature) ? `is signed with ${signature}` : undefined;
}

const serverAuth = "1.3.6.1.5.5.7.3.1";
const anyUse = "2.5.29.37.0";

function checkPurpose(certificate: X509Certificate): readonly CheckFinding[] {
  // Undefined where the certificate does not restrict its use, whatever the types say.
  const uses = certificate.keyUsage as readonly string[] | undefined;
  if (uses === undefined || uses.includes(serverAuth) || uses.includes(anyUse)) return [];
  return [
    {
      message: "the certificate is not made for servers: its extended key usage lacks serverAuth",
      remedy: "have one made with the template or profile for web servers",
    },
  ];
}

function checkNames({ plan }: CheckContext, certificate: X509Certificate): readonly CheckFinding[] {
  const names = [...new Set(plan.listeners.filter((listener) => listener.tls).map((listener) => listener.host))];
  const uncovered = names.filter((name) => !covers(certificate, name));
  if (uncovered.length === 0) return [];
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  const byCommonName = common !== undefined && uncovered.includes(common.toLowerCase());
  return [
    {
      message: `the certificate does not cover ${uncovered.join(", ")}${byCommonName ? ": a common name (CN) counts for nothing, only subject alternative names do" : ""}`,
      remedy: `get one for ${names.join(", ")} (a wildcard covers the sub-domains)`,
    },
  ];
}

/** As browsers and programs in Go do: the common name is not looked at. */
function covers(certificate: X509Certificate, name: string): boolean {
  if (isIpv4(name) || isIpv6(name)) return certificate.checkIP(name) !== undefined;
  return certificate.checkHost(name, { subject: "never", partialWildcards: false }) !== undefined;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
