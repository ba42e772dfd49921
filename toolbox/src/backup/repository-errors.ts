import { errorText, ToolboxError } from "../errors.ts";
import { likelyCause } from "../likely-cause.ts";

/** Nobody answers, or what answers is no server of backups. It may be well again the next time. */
export class RepositoryUnreachableError extends ToolboxError {
  constructor(shown: string, cause: unknown) {
    const why = likelyCause(cause);
    super(`the server of the backup repository ${shown} does not serve: ${errorText(cause)}`, {
      advice: `${why}; then run the same again, backups stored before are not touched`,
      cause,
    });
    this.name = "RepositoryUnreachableError";
  }
}

/** The server shows a certificate or a key that nobody said belongs to it. */
export class RepositoryUntrustedError extends ToolboxError {
  constructor(shown: string, why: string, advice: string) {
    super(`the server of the backup repository ${shown} cannot be trusted: ${why}`, { advice });
    this.name = "RepositoryUntrustedError";
  }
}

/** The server does not let in whoever signs in with this. */
export class RepositoryCredentialError extends ToolboxError {
  constructor(shown: string, why: string) {
    super(`the credential is refused by the server of the backup repository ${shown}: ${why}`, {
      advice: "look at user, key and password in backup.repository of the values, and at what the server lets them do",
    });
    this.name = "RepositoryCredentialError";
  }
}

/** Where the repository should be there is no place for it. */
export class NoBucketError extends ToolboxError {
  constructor(shown: string, bucket: string) {
    super(`there is no bucket ${bucket} for the backup repository ${shown}`, {
      advice: "make it at the object store, or name the right one in backup.repository.url",
    });
    this.name = "NoBucketError";
  }
}

/** The credential may add backups and take none away, which is as it should be every day. */
export class AppendOnlyError extends ToolboxError {
  constructor(shown: string) {
    super(`this credential may only add to the backup repository ${shown}: no backup was removed`, {
      advice: "slipway backup prune --credential-file FILE takes one that may remove, for that run alone",
    });
    this.name = "AppendOnlyError";
  }
}

/** Codes with which Node refuses the certificate of a server. */
const certificateCodes = /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT)/;

/** What is to be done about a certificate. */
export const trustAdvice =
  "name the authority that signed it in tls.trustedCaFile, or give the server a certificate for this name that is valid";

/** Whether a failed connection failed for the certificate of the other side. */
export function isCertificateFault(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" && certificateCodes.test(code);
}

interface ServerFault {
  readonly shown: string;
  readonly doing: string;
  /** What restic said, without what it tried again and went well. */
  readonly text: string;
}

const untrusted = /x509:|certificate (?:is|has|signed|verify)|host key verification failed|host key is known/i;
const refused =
  /\b401\b|unauthori[sz]ed|SignatureDoesNotMatch|signature we calculated|InvalidAccessKeyId|access key id .*does not exist|permission denied \(/i;
const forbidden = /\b403\b|forbidden|access ?denied/i;
const unwell =
  /HTTP response \(?5\d\d|\b50[0-4]\b|connection (?:reset|refused|lost)|broken pipe|\bEOF\b|timeout|timed out|no such host|no route to host|server misbehaving|request.* stuck|ssh command exited|subprocess ssh|SlowDown|partial file|content-?length|transfer closed/i;

/** The error behind what restic said of a server; undefined where it said nothing of one. */
export function serverError({ shown, doing, text }: ServerFault): ToolboxError | undefined {
  if (untrusted.test(text)) return new RepositoryUntrustedError(shown, text, trustAdvice);
  if (refused.test(text)) return new RepositoryCredentialError(shown, text);
  if (/bucket does not exist|NoSuchBucket/i.test(text)) return new NoBucketError(shown, "of that name");
  if (forbidden.test(text)) return new RepositoryCredentialError(shown, `${doing} is not allowed: ${text}`);
  if (!unwell.test(text)) return undefined;
  return new ToolboxError(`${doing} failed, the server of the backup repository ${shown} did not serve: ${text}`, {
    advice: "look at the server and the way to it, then run the same again; backups stored before are not touched",
  });
}
