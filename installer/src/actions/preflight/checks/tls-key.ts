import { createPrivateKey, type KeyObject } from "node:crypto";
import type { CheckFinding } from "../../../targets/check.ts";
import { type FoundCertificate, isCertificate, readPem } from "../../../platform/pem.ts";

/** Whether the gateway can read this key without being asked for anything, and it is that of the first certificate. */
export function checkKey(certificates: readonly FoundCertificate[], keyText: string): readonly CheckFinding[] {
  const key = readKey(keyText);
  if (key === undefined) return [unreadable(keyText)];
  const [server, ...others] = certificates;
  if (server?.certificate.checkPrivateKey(key) === true) return [];
  const right = ownerOf(others, keyText);
  const message = "tls.keyFile is not the key of tls.certFile";
  if (right === undefined) return [{ message, remedy: "give the key the certificate was requested with" }];
  return [
    {
      message: `${message}: it is that of ${right.where}`,
      remedy: "the server's certificate must come first in its file",
    },
  ];
}

/** Of these certificates the one that the key belongs to. */
export function ownerOf(certificates: readonly FoundCertificate[], keyText: string): FoundCertificate | undefined {
  const key = readKey(keyText);
  return key === undefined ? undefined : certificates.find(({ certificate }) => certificate.checkPrivateKey(key));
}

/** Whole or not, at the beginning of a line or not. */
export function holdsKey(text: string): boolean {
  return text.includes("PRIVATE KEY-----");
}

function readKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}

function unreadable(text: string): CheckFinding {
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    return {
      message: "tls.keyFile has a passphrase, which nobody enters for the gateway",
      remedy: "write the key without one: openssl pkey -in FILE -out NEW, with NEW readable by its owner only",
    };
  }
  const { blocks, problems } = readPem(text);
  const message = "tls.keyFile holds no private key in PEM form";
  if (holdsKey(text)) {
    return {
      message: `tls.keyFile: ${problems[0] ?? "the key is damaged"}`,
      remedy: "write the file anew from its source",
    };
  }
  if (blocks.some(isCertificate)) {
    return {
      message: `${message}, but a certificate`,
      remedy: "name the file with the key: the two may be the other way round",
    };
  }
  return {
    message,
    remedy: "give it in PEM form; this converts DER: openssl pkey -inform der -in FILE -out FILE.pem",
  };
}
