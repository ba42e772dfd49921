import { X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";
import type { FoundCertificate } from "./pem.ts";

/** A server's certificate and those that vouch for it, as far as they are known. */
export interface CertificateChain {
  /** From the server's upward. */
  readonly links: readonly FoundCertificate[];
  /** Whether it ends at an authority that was given or is publicly trusted, or signs itself. */
  readonly anchored: boolean;
  /** The given authorities that it ends at: one, or several of one name and key. */
  readonly anchors: readonly X509Certificate[];
}

/**
 * Follows a server's certificate upward through the others of its file.
 * @param authorities those that clients are given; when empty, those that are publicly trusted
 * @param now of several certificates of one authority the one that is valid is taken
 */
export function buildChain(
  server: FoundCertificate,
  others: readonly FoundCertificate[],
  authorities: readonly X509Certificate[],
  now: Date,
): CertificateChain {
  const links: FoundCertificate[] = [server];
  for (let top = server.certificate; ; ) {
    const vouching = authorities.filter((given) => isSame(top, given) || isIssuedBy(top, given));
    if (vouching.length > 0) return { links, anchored: true, anchors: vouching };
    if (isIssuedBy(top, top)) return { links, anchored: authorities.length === 0, anchors: [] };
    const issuers = others.filter((other) => !links.includes(other) && isIssuedBy(top, other.certificate));
    const issuer = issuers.find(({ certificate }) => isValidAt(certificate, now)) ?? issuers[0];
    if (issuer === undefined) break;
    links.push(issuer);
    top = issuer.certificate;
  }
  const top = links.at(-1)?.certificate ?? server.certificate;
  const isPublic = authorities.length === 0 && publicAuthorities().some((known) => isIssuedBy(top, known));
  return { links, anchored: isPublic, anchors: [] };
}

function isSame(a: X509Certificate, b: X509Certificate): boolean {
  return a.fingerprint256 === b.fingerprint256;
}

/** By name, key identifiers and signature. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

export function isValidAt(certificate: X509Certificate, now: Date): boolean {
  return certificate.validFromDate <= now && now <= certificate.validToDate;
}

/** Those that browsers bring, as this program's own runtime has them. */
function publicAuthorities(): readonly X509Certificate[] {
  return rootCertificates.map((text) => new X509Certificate(text));
}
