import { X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";
import type { FoundCertificate } from "../../../platform/pem.ts";

/** A server's certificate and those that vouch for it, as far as they are known. */
export interface CertificateChain {
  /** From the server's upward, without the authority that clients know. */
  readonly links: readonly FoundCertificate[];
  /** The authorities that clients know and that it ends at: one, or several of one name and key. */
  readonly anchors: readonly X509Certificate[];
  /** It ends at a certificate that signs itself, and that clients need not know. */
  readonly signsItself: boolean;
}

/**
 * Follows a server's certificate upward through the others of its file, to the first that one of the authorities vouches for: what else
 * its file has, such as an old authority's signature on a new one, is not looked at.
 * @param authorities those that clients know
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
    const anchors = authorities.filter((known) => isSame(top, known) || isIssuedBy(top, known));
    if (anchors.length > 0) return { links, anchors, signsItself: false };
    if (isIssuedBy(top, top)) return { links, anchors, signsItself: true };
    const issuers = others.filter((other) => !links.includes(other) && isIssuedBy(top, other.certificate));
    const issuer = issuers.find(({ certificate }) => isValidAt(certificate, now)) ?? issuers[0];
    if (issuer === undefined) return { links, anchors, signsItself: false };
    links.push(issuer);
    top = issuer.certificate;
  }
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
export function publicAuthorities(): readonly X509Certificate[] {
  return rootCertificates.map((text) => new X509Certificate(text));
}
