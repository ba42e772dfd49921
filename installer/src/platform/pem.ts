import { X509Certificate } from "node:crypto";

/** One block of a PEM file: RFC 7468. */
export interface PemBlock {
  /** `CERTIFICATE`, `EC PRIVATE KEY`. */
  readonly label: string;
  readonly text: string;
}

export interface PemFile {
  readonly blocks: readonly PemBlock[];
  /** What OpenSSL stumbles over or passes over in silence, with its line. */
  readonly problems: readonly string[];
}

const begin = /^-----BEGIN ([A-Z0-9 ]+)-----\s*$/;
const anywhere = /-----BEGIN ([A-Z0-9 ]+)-----/;

/**
 * Reads a PEM file as OpenSSL and so nginx do: a block begins and ends at the beginning of a line, spaces at the ends of lines and other
 * text between blocks, and blocks that were made a comment, do not matter. Where two files were joined that had no newline between them, OpenSSL stops with an error.
 */
export function readPem(text: string): PemFile {
  const blocks: PemBlock[] = [];
  const problems: string[] = [];
  let open: { readonly label: string; readonly lines: string[]; readonly from: number } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const from = index + 1;
    if (open === undefined) {
      const label = begin.exec(line)?.[1];
      if (label !== undefined) open = { label, lines: [line], from };
      else if (anywhere.test(line) && !line.startsWith("#"))
        problems.push(`in line ${from} other characters stand before or after -----BEGIN …-----`);
      continue;
    }
    open.lines.push(line);
    if (!line.startsWith("-----END ")) continue;
    if (line.trimEnd() === `-----END ${open.label}-----`)
      blocks.push({ label: open.label, text: open.lines.join("\n") });
    else if (anywhere.test(line))
      problems.push(`in line ${from} a block ends and the next begins, with no newline between them`);
    else problems.push(`in line ${from} the block of line ${open.from} does not end as it should`);
    open = undefined;
  }
  if (open !== undefined) problems.push(`the block of line ${open.from} has no end`);
  return { blocks, problems };
}

/** A certificate, and which one of its file it is. */
export interface FoundCertificate {
  readonly certificate: X509Certificate;
  /** `the 2nd certificate (Corp Issuing)`. */
  readonly where: string;
}

const certificateLabels: readonly string[] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

export function isCertificate({ label }: PemBlock): boolean {
  return certificateLabels.includes(label);
}

/** Every certificate of a PEM file, in its order. */
export function readCertificates(text: string): {
  readonly certificates: readonly FoundCertificate[];
  readonly problems: readonly string[];
} {
  const { blocks, problems } = readPem(text);
  const certificates: FoundCertificate[] = [];
  const unreadable: string[] = [];
  for (const [index, block] of blocks.filter(isCertificate).entries()) {
    const nth = `the ${ordinal(index + 1)} certificate`;
    try {
      const certificate = new X509Certificate(block.text);
      certificates.push({ certificate, where: `${nth} (${nameOf(certificate)})` });
    } catch {
      unreadable.push(`${nth} is damaged`);
    }
  }
  return { certificates, problems: [...problems, ...unreadable] };
}

/** What people know it by: the common name, else the whole subject, else its first name. */
export function nameOf({ subject, subjectAltName }: X509Certificate): string {
  // Undefined for an empty subject, whatever the types say.
  const lines = ((subject as string | undefined) ?? "").split("\n");
  const common = lines.find((line) => line.startsWith("CN="))?.slice("CN=".length);
  return common ?? (lines.join(", ") || (subjectAltName ?? "without a name"));
}

function ordinal(number: number): string {
  return ["1st", "2nd", "3rd"][number - 1] ?? `${number}th`;
}
