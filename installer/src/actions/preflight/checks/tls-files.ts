import type { X509Certificate } from "node:crypto";
import { exampleName, isIpv4, isIpv6 } from "../../../values/host-names.ts";
import type { Check, CheckContext, CheckFinding } from "../../../targets/check.ts";
import { buildChain, type CertificateChain, isValidAt, publicAuthorities } from "./certificate-chain.ts";
import { type FoundCertificate, readCertificates } from "../../../platform/pem.ts";
import { readGiven } from "./read-given.ts";
import { checkKey, holdsKey, ownerOf } from "./tls-key.ts";

const warnDays = 30;
const dayMs = 86_400_000;

export const tlsFiles: Check = {
  id: "files.tls",
  title: "the TLS files are readable, belong together, are valid and cover the names",
  why: "browsers and services refuse a certificate that is expired or for another name, and the gateway does not start with one it cannot read",
  severity: "failure",
  run: async (context) => {
    if (context.plan.settings.tls !== "files") return [];
    const listeners = context.plan.listeners.filter((listener) => listener.tls);
    const names = [...new Set(listeners.map((listener) => listener.host))];
    return checkTlsFiles({ ...context.values.tls, names }, context);
  },
};

/** Files of a certificate, and the names that it has to be for. */
export interface TlsFiles {
  readonly certFile: string;
  /** Not looked at where it is not known yet. */
  readonly keyFile?: string;
  readonly caFile: string;
  readonly names: readonly string[];
}

type TlsPorts = Pick<CheckContext, "fs" | "clock">;

/** Whether the files can be read, are whole and valid, belong together, and are for the names. */
export async function checkTlsFiles(files: TlsFiles, ports: TlsPorts): Promise<readonly CheckFinding[]> {
  const { certFile, keyFile, caFile } = files;
  const [certificate, key, authority] = await Promise.all([
    readGiven(ports, certFile, "tls.certFile"),
    keyFile === undefined ? undefined : readGiven(ports, keyFile, "tls.keyFile"),
    caFile === "" ? undefined : readGiven(ports, caFile, "tls.caFile"),
  ]);
  const read = [certificate, key, authority];
  const unreadable = read.flatMap((file) => (file !== undefined && "finding" in file ? [file.finding] : []));
  if (unreadable.length > 0) return unreadable;
  const [text = "", keyText, authorityText] = read.map((file) =>
    file !== undefined && "text" in file ? file.text : undefined,
  );
  return checkTexts(files, { certificate: text, key: keyText, authority: authorityText }, ports);
}

interface Texts {
  readonly certificate: string;
  readonly key: string | undefined;
  readonly authority: string | undefined;
}

function checkTexts(files: TlsFiles, texts: Texts, { clock }: TlsPorts): readonly CheckFinding[] {
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
  const wrongKey = texts.key === undefined ? [] : checkKey(file.certificates, texts.key);
  // What comes first is another's certificate: its names, dates and issuer are not at issue.
  if (texts.key !== undefined && ownerOf(others, texts.key) !== undefined) return wrongKey;
  const given = authority.certificates.map(({ certificate }) => certificate);
  const known = given.length > 0 ? given : publicAuthorities();
  const chain = buildChain(server, others, known, clock.now());
  return [
    ...wrongKey,
    ...checkChain(files, chain, server),
    ...checkDates(clock, datesAtIssue(clock, { file: file.certificates, authority: authority.certificates, chain })),
    ...checkStrength(file.certificates),
    ...checkBrowsers(server),
    ...checkPurpose(server.certificate),
    ...checkAuthorities(chain),
    ...checkNames(files, server.certificate),
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
  return { certificates: [], findings: [noCertificate(text, name, remedy)] };
}

function noCertificate(text: string, name: string, remedy: string): CheckFinding {
  const message = `${name} holds no certificate in PEM form`;
  // DER and PKCS #12 begin with the byte 0x30 and a length.
  if (text.startsWith("0\uFFFD") || text.startsWith("0\u0082")) {
    const forms =
      "DER: openssl x509 -inform der -in FILE -out FILE.pem; PKCS #12 (.p12, .pfx): openssl pkcs12 -in FILE -nokeys";
    return { message, remedy: `it is in another form, which this converts: ${forms}` };
  }
  if (text.includes("-----BEGIN PKCS7-----")) {
    return { message, remedy: "convert it: openssl pkcs7 -print_certs -in FILE -out FILE.pem" };
  }
  if (text.includes(" REQUEST-----")) {
    return { message: `${message}, but the request for one`, remedy: "give what the authority sent back for it" };
  }
  return holdsKey(text)
    ? { message: `${message}, but a private key`, remedy: "name the two files the other way round" }
    : { message, remedy };
}

function checkChain(
  { caFile }: TlsFiles,
  { links, anchors, signsItself }: CertificateChain,
  server: FoundCertificate,
): readonly CheckFinding[] {
  if (anchors.length > 0 || (signsItself && caFile === "")) return [];
  const top = links.at(-1) ?? server;
  const issuer = issuerOf(top.certificate);
  if (caFile !== "") {
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

interface Dated {
  readonly found: FoundCertificate;
  readonly what: string;
  readonly remedy: string;
  /** One that is over and that no chain needs is sent all the same, and only some clients pass it over. */
  readonly needed: boolean;
}

interface GivenCertificates {
  readonly file: readonly FoundCertificate[];
  readonly authority: readonly FoundCertificate[];
  readonly chain: CertificateChain;
}

/** All that the gateway sends, and the authority that it leads to: a file of many authorities always has some that are over. */
function datesAtIssue(clock: TlsPorts["clock"], { file, authority, chain }: GivenCertificates): readonly Dated[] {
  const { links, anchors } = chain;
  const sent = file.map((found, index) => ({
    found,
    what: index === 0 ? "the certificate" : found.where,
    remedy:
      index === 0
        ? "get a new certificate and point tls.certFile and tls.keyFile at it"
        : "replace it by the authority's present certificate",
    needed: links.includes(found),
  }));
  const now = clock.now();
  const hasValid = anchors.some((anchor) => isValidAt(anchor, now));
  const trusted = authority
    .filter(({ certificate }) => anchors.includes(certificate) && (!hasValid || isValidAt(certificate, now)))
    .map((found) => ({
      found,
      what: found.where,
      remedy: "replace it by the authority's present certificate",
      needed: true,
    }));
  return [...sent, ...trusted];
}

function checkDates(clock: TlsPorts["clock"], certificates: readonly Dated[]): readonly CheckFinding[] {
  const now = clock.now().getTime();
  return certificates.flatMap(({ found: { certificate }, what, remedy, needed }) => {
    const [from, to] = [certificate.validFromDate, certificate.validToDate];
    const severity = needed ? {} : ({ severity: "warning" } as const);
    if (now < from.getTime()) return [{ ...severity, message: `${what} is valid only from ${day(from)}`, remedy }];
    if (now > to.getTime()) return [{ ...severity, message: `${what} expired on ${day(to)}`, remedy }];
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
  if (kind === "ec" && bitsOf(curve) < leastEcBits) return `has a key on the curve ${curve ?? ""}`;
  const signature = certificate.signatureAlgorithm ?? "";
  const signsItself = certificate.checkIssued(certificate);
  return !signsItself && /sha-?1\b|sha1With|md5/i.test(signature) ? `is signed with ${signature}` : undefined;
}

/** Their names tell their size: `prime192v1`, `secp384r1`. */
function bitsOf(curve: string | undefined): number {
  return Number(/\d{3}/.exec(curve ?? "")?.[0] ?? leastEcBits);
}

const curvesOfBrowsers: readonly (string | undefined)[] = ["prime256v1", "secp384r1"];

/** What nginx serves and programs such as curl take, and browsers do not: Chrome of curves P-256 and P-384 alone, and RSA. */
function checkBrowsers({ certificate, where }: FoundCertificate): readonly CheckFinding[] {
  const { asymmetricKeyType: kind = "of no known kind", asymmetricKeyDetails: details } = certificate.publicKey;
  const curve = details?.namedCurve;
  if (kind === "rsa" || (kind === "ec" && curvesOfBrowsers.includes(curve))) return [];
  // Another finding says that the gateway does not even start with it.
  if (kind === "ec" && bitsOf(curve) < leastEcBits) return [];
  return [
    {
      severity: "warning",
      message: `${where} has a key of the kind ${kind === "ec" ? `EC, curve ${curve ?? "unknown"}` : kind}, which not every browser takes`,
      remedy: "have one made with a key of RSA 2048 or more, EC P-256 or EC P-384",
    },
  ];
}

/** As OpenSSL and Go do: only who is marked as an authority vouches for others. */
function checkAuthorities({ links: [, ...issuers] }: CertificateChain): readonly CheckFinding[] {
  return issuers
    .filter(({ certificate }) => !certificate.ca)
    .map(({ where }) => ({
      message: `${where} signed the one below it and is not marked as an authority (CA:TRUE), so no client believes it`,
      remedy: "have the certificate signed by an authority, and give that one's certificate",
    }));
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

function checkNames({ names }: TlsFiles, certificate: X509Certificate): readonly CheckFinding[] {
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
  return certificate.checkHost(exampleName(name), { subject: "never", partialWildcards: false }) !== undefined;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
