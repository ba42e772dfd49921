import {
  InstallerError,
  type InstallerErrorOptions,
  InterruptedError,
  RegistryError,
} from "../errors/installer-error.ts";
import { TransportError } from "../platform/transport-error.ts";
import { RedirectError, Refusal } from "./refusal.ts";
import { type Advice, adviseOnTransport } from "./transport-advice.ts";

/** User and password were proved wrong: nothing more is to be asked of this registry with them. */
export class SignInError extends RegistryError {}

/** What was asked of whom, for the message. */
export interface Errand {
  readonly host: string;
  /** `blob sha256:…`, `manifest 1.2`, `the list of tags`. */
  readonly object: string;
  readonly repository: string;
  readonly action: "read" | "write";
  /** Whether a user and password were sent. */
  readonly signedIn: boolean;
  /** Sent once, because it must not be done twice. */
  readonly once?: boolean;
}

/** A registry said no for good. */
export class RefusedError extends RegistryError {
  readonly refusal: Refusal;
  readonly errand: Errand;

  constructor(message: string, refused: Pick<RefusedError, "refusal" | "errand">, options: InstallerErrorOptions) {
    super(message, { ...options, cause: refused.refusal });
    this.refusal = refused.refusal;
    this.errand = refused.errand;
  }
}

/** The final refusal that led to this error, directly or not; undefined when it was something else. */
export function refusedBehind(error: unknown): RefusedError | undefined {
  return causeOf(error, RefusedError);
}

/** Whether the bytes that were sent may be why: the registry took them, and then did not keep them. */
export function mayBlameContent(error: unknown): boolean {
  return [400, 404, 409, 416, 422].includes(causeOf(error, Refusal)?.status ?? 0);
}

/** The error itself, or the first one behind it, that is of this class. */
export function causeOf<Kind extends Error>(error: unknown, kind: new (...args: never[]) => Kind): Kind | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth += 1) {
    if (cause instanceof kind) return cause;
  }
  return undefined;
}

/** What finally stopped it, as an error that says what to do; errors that already do so are passed on. */
export function explainFailure(error: unknown, errand: Errand): Error {
  if (error instanceof RedirectError) {
    return new RegistryError(`${nameOf(errand)}: ${error.message}`, {
      cause: error,
      hint: error.hint,
      details: error.details,
    });
  }
  if (error instanceof InstallerError) return error;
  if (error instanceof TransportError) return explainTransport(error, errand);
  if (error instanceof Refusal) return explainRefusal(error, errand);
  if (error instanceof Error && error.name === "AbortError")
    return new InterruptedError("interrupted", { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}

/** `blob sha256:… of platform/redis on harbor.corp`; of what belongs to the whole of it, `the token of harbor.corp`. */
export function nameOf({ host, object, repository }: Pick<Errand, "host" | "object" | "repository">): string {
  return repository === host ? `${object} of ${host}` : `${object} of ${repository} on ${host}`;
}

/** What is asked of a token service. */
export const nameOfToken = "the token";

/** Whether a token service keeps failing, so that no image can be asked for. */
export function isTokenFailure(error: unknown): boolean {
  const refused = refusedBehind(error);
  return refused?.errand.object === nameOfToken && refused.refusal.status >= 500;
}

/**
 * Who was really spoken to, where the registry sent the request on: by a redirect, the address of an upload or of a next page.
 * Undefined where it is the registry itself.
 */
function sentOnTo(host: string | undefined, errand: Errand): string | undefined {
  if (host === undefined) return undefined;
  const own = errand.host === "docker.io" ? "registry-1.docker.io" : errand.host;
  const isOwn = ["http", "https"].some((scheme) => new URL(`${scheme}://${own}`).host === host);
  return isOwn ? undefined : host;
}

function explainRefusal(refusal: Refusal, errand: Errand): RegistryError {
  const elsewhere = sentOnTo(refusal.host, errand);
  const { problem, hint } =
    elsewhere === undefined ? adviseOnRefusal(refusal, errand) : adviseOnOther(refusal, errand, elsewhere);
  const who = elsewhere ?? "the registry";
  const said = refusal.reported.map(({ code, message }) => `${who} says: ${code}: ${message}`);
  return new RefusedError(
    `${nameOf(errand)}: ${problem}`,
    { refusal, errand },
    {
      hint,
      details: [
        ...(said.length > 0 || refusal.text === "" ? said : [`${who} says: ${refusal.text}`]),
        ...(refusal.reported.length > 0 ? [] : viaProxy(refusal.proxy)),
      ],
    },
  );
}

/** Who else may be why, where a proxy is on the way. */
function viaProxy(proxy: string | undefined): readonly string[] {
  return proxy === undefined ? [] : [`the way there leads through ${proxy}, which may be why`];
}

function adviseOnRefusal(refusal: Refusal, errand: Errand): Advice {
  const { status } = refusal;
  if (refusal.isReadOnly()) {
    return {
      problem: `the registry is in read-only mode (${status})`,
      hint: "have it set to accept writes, then run the same command again",
    };
  }
  if (refusal.isFull()) return full(refusal, errand);
  if (refusal.isImmutable()) {
    return {
      problem: `the tag is immutable there and stands for something else (${status})`,
      hint: "push to another path or project, or have the rule that makes tags immutable changed",
    };
  }
  if (status === 401 && refusal.challenge === undefined) return withoutChallenge(errand);
  if (status === 401 || refusal.has("UNAUTHORIZED")) return unauthorized(status, errand);
  if (status === 403 || refusal.has("DENIED")) return denied(status, errand);
  return byCode(refusal, errand) ?? byStatus(refusal, errand);
}

/** A storage or another address answered, to which the login here means nothing. */
function adviseOnOther(refusal: Refusal, errand: Errand, elsewhere: string): Advice {
  const { status } = refusal;
  const problem = `${elsewhere}, where ${errand.host} sends the request on to, refuses it (${status})`;
  if (refusal.isFull()) return { problem, hint: `free disk space at ${elsewhere}, then run the same command again` };
  if (status === 401 || status === 403) {
    return {
      problem,
      hint: `such a link is good for a short time: check the clocks of ${errand.host} and ${elsewhere}, and the registry's external address`,
    };
  }
  return { problem, hint: `look at ${elsewhere}, and at the external address and the storage set at ${errand.host}` };
}

function full(refusal: Refusal, errand: Errand): Advice {
  if (refusal.isQuota()) {
    return {
      problem: `the quota of the project ${projectOf(errand)} is used up (${refusal.status})`,
      hint: "have the quota raised or old images removed, then run the same command again; what was sent stays",
    };
  }
  return {
    problem: `the registry has no space left (${refusal.status})`,
    hint: "free disk space on the registry's side, then run the same command again; what was sent stays",
  };
}

function unauthorized(status: number, errand: Errand): Advice {
  const project = projectOf(errand);
  if (!errand.signedIn) {
    return {
      problem: `the registry asks for a user and password (${status})`,
      hint: `run docker login ${errand.host}, or give --username and --password-file`,
    };
  }
  return {
    problem: `the registry does not let this user ${errand.action} here (${status})`,
    hint: `check user and password; registries also answer so when the project ${project} does not exist: create it, or name one that does`,
  };
}

/** No login helps, because nobody says what kind is wanted: RFC 9110, section 15.5.2, asks for the header. */
function withoutChallenge({ host }: Errand): Advice {
  return {
    problem: "the answer is 401 without a WWW-Authenticate challenge, so it is not known how to sign in",
    hint: `check that ${host} is the registry's own address: a portal or proxy before it answers like this, and some drop the header`,
  };
}

function denied(status: number, errand: Errand): Advice {
  const right = errand.action === "write" ? "push" : "pull";
  return {
    problem: `the registry forbids this (${status})`,
    hint: errand.signedIn
      ? `give the user or robot account the right to ${right} in ${projectOf(errand)}`
      : `run docker login ${errand.host} as a user who may ${right} in ${projectOf(errand)}`,
  };
}

function byCode(refusal: Refusal, errand: Errand): Advice | undefined {
  if (refusal.has("DIGEST_INVALID")) {
    return {
      problem: "the registry received other bytes than the digest says",
      hint: "verify the source; if it is sound, something between here and the registry changes what is sent",
    };
  }
  if (refusal.has("SIZE_INVALID")) {
    return {
      problem: "the registry received another number of bytes than announced",
      hint: "look at proxies in between",
    };
  }
  if (refusal.has("NAME_INVALID")) {
    return { problem: "the registry does not take this name", hint: "choose another target path" };
  }
  if (refusal.has("NAME_UNKNOWN")) {
    return {
      problem: "there is no such repository",
      hint: `check the path, and that the project ${projectOf(errand)} exists`,
    };
  }
  if (refusal.has("BLOB_UPLOAD_UNKNOWN") || refusal.has("BLOB_UPLOAD_INVALID")) {
    return {
      problem: `the registry does not know the upload that it began (${refusal.status})`,
      hint: "a proxy before it must pass the addresses of uploads (Location) on whole, and several registries behind one address need one storage and one http.secret",
    };
  }
  if (refusal.has("BLOB_UNKNOWN") || refusal.has("MANIFEST_UNKNOWN")) {
    return {
      problem: "the registry does not have it",
      hint: "it was removed there, or never arrived: push the image again, or lock the images again",
    };
  }
  if (refusal.has("MANIFEST_BLOB_UNKNOWN")) {
    return {
      problem: "the registry misses content that the manifest names",
      hint: "run the same command again; if it stays, the registry's storage has lost blobs it says it has",
    };
  }
  if (refusal.has("MANIFEST_INVALID")) {
    return {
      problem: "the registry does not take this kind of manifest",
      hint: "it needs OCI 1.0 manifests and indexes; update the registry",
    };
  }
  return undefined;
}

function byStatus(refusal: Refusal, errand: Errand): Advice {
  const { status } = refusal;
  if (status === 400) {
    return {
      problem: "the registry refuses (400)",
      hint: "where --plain-http is given, the registry may speak TLS: leave the option out",
    };
  }
  if (status === 404) {
    return {
      problem: "is not there (404)",
      hint: `check the path; ${errand.host} may not be the registry's address, or the project is missing`,
    };
  }
  if (status === 405) return { problem: "the registry does not support this (405)" };
  if (status === 413) {
    return {
      problem: "something before the registry refuses bodies of this size (413)",
      hint: "raise the limit of the reverse proxy, for nginx client_max_body_size 0",
    };
  }
  if (status === 429) {
    return { problem: "the registry still limits the rate of requests (429)", hint: "wait, or use fewer connections" };
  }
  if (status >= 500 && errand.object === nameOfToken) {
    return {
      problem: `the token service keeps failing (${status})`,
      hint: "look at its logs, and at those of a proxy before it, then run the same command again",
    };
  }
  if (status >= 500) {
    return {
      problem: `the registry keeps failing (${status})`,
      hint: "look at its logs, then run the same command again; what was sent stays",
    };
  }
  return { problem: `the registry refuses (${status})` };
}

function projectOf(errand: Pick<Errand, "repository">): string {
  return errand.repository.split("/")[0] ?? errand.repository;
}

function explainTransport(error: TransportError, errand: Errand): Error {
  if (error.fault === "aborted") return new InterruptedError("interrupted", { cause: error });
  const elsewhere = sentOnTo(error.host, errand);
  const { problem, hint } = adviseOnTransport(error, elsewhere ?? errand.host, errand.once);
  const details = [
    ...(elsewhere === undefined
      ? []
      : [`${errand.host} sends the request on to ${elsewhere}: check its external address`]),
    ...(error.fault === "proxy" ? [] : viaProxy(error.proxy)),
  ];
  return new RegistryError(`${nameOf(errand)}: ${problem}`, { cause: error, hint, details });
}
