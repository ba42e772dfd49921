import { X509Certificate } from "node:crypto";
import { ApplyError, InstallerError, PreflightError } from "../../errors/installer-error.ts";
import { tlsProblem, type TlsProblem } from "../transport-error.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import { explainRefusal, type ApiStatus } from "./refusal-reasons.ts";

/** What the cluster said instead of doing what it was asked. */
export class ClusterRefusal extends ApplyError {
  /** Of HTTP. */
  readonly status: number;
  /** The API's word for it: `Conflict`, `AlreadyExists`, `Invalid`; empty when the answer has none. */
  readonly reason: string;

  constructor(what: string, status: number, said: ApiStatus) {
    const { message, hint, details } = explainRefusal(status, said);
    super(`the cluster refused ${what}: ${message}`, { hint, details });
    this.name = ApplyError.name;
    this.status = status;
    this.reason = said.reason;
  }
}

/** An answer of the API server that is not a success. */
export interface RefusedAnswer {
  readonly status: number;
  readonly body: string;
}

/** Puts into our words what the API server answered instead of doing what it was asked. */
export function explainAnswer({ status, body }: RefusedAnswer, what: string, access: ClusterAccess): InstallerError {
  const said = readStatus(status, body);
  if (status === 401) return notKnown(access);
  if (status === 403 && said.message.includes('User "system:anonymous"')) return notSignedIn(access);
  if (status === 400 && said.message.includes("HTTP request to an HTTPS server")) return tlsFailed("plain", access);
  return new ClusterRefusal(what, status, said);
}

/** A `Status` of the API; what a proxy or load balancer on the way wrote instead keeps its first line. */
export function readStatus(status: number, body: string): ApiStatus {
  try {
    const parsed: unknown = JSON.parse(body);
    if (isStatus(parsed)) {
      const { message = `status ${status}`, reason = "", details } = parsed;
      return { message, reason, causes: details?.causes ?? [], retryAfterSeconds: details?.retryAfterSeconds };
    }
  } catch {
    // It is text, and kept as that.
  }
  const line = /<html/i.test(body) ? "" : (body.trim().split("\n")[0]?.slice(0, 300) ?? "");
  return { message: line === "" ? `status ${status}` : line, reason: "", causes: [], retryAfterSeconds: undefined };
}

interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: ApiStatus["causes"]; readonly retryAfterSeconds?: number };
}

function isStatus(value: unknown): value is Status {
  return typeof value === "object" && value !== null && (value as { readonly kind?: unknown }).kind === "Status";
}

/** Puts into our words why no answer came. */
export function explainConnectionError(error: unknown, access: ClusterAccess): unknown {
  if (!(error instanceof Error) || error instanceof InstallerError) return error;
  const refused = access.cluster.proxyUrl === undefined ? undefined : refusalOfProxy(error);
  if (refused !== undefined) return notReachable(refused, access);
  const first = firstOf(error);
  const code = (error as NodeJS.ErrnoException).code ?? first.code ?? "";
  const tls = tlsProblem(code, error.message);
  if (tls !== undefined) return tlsFailed(tls, access, error);
  const why = reasons[code];
  if (why !== undefined) return notReachable(why, access, error);
  if (code === "ERR_INVALID_CHAR") return invalidHeader(access);
  return new ApplyError(`the connection to ${placeOf(access)} broke${code === "" ? "" : ` (${code})`}`, {
    hint: "start the command again: it goes on where it was",
    cause: error,
  });
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  EHOSTUNREACH: "there is no way to it",
  ENETUNREACH: "there is no way to it",
  ENOTFOUND: "its name is not known here",
  EAI_AGAIN: "its name cannot be looked up now",
  EAI_FAIL: "its name cannot be looked up now",
  ETIMEDOUT: "it does not answer",
};

/** Some addresses of a name may have refused and others not answered: the first tells enough. */
function firstOf(error: Error): NodeJS.ErrnoException {
  return error instanceof AggregateError ? ((error.errors as readonly Error[])[0] ?? error) : error;
}

/** Node's own message names the proxy with its password, and goes nowhere. */
function refusalOfProxy(error: NodeJS.ErrnoException): string | undefined {
  const { code, message } = error;
  if (code === "ERR_PROXY_TUNNEL")
    return `the proxy refused (${/\bHTTP\/1\.\d (\d{3})\b/.exec(message)?.[1] ?? "no answer"})`;
  return /socks/i.test(message) ? "the proxy refused" : undefined;
}

export function notReachable(why: string, access: ClusterAccess, cause?: unknown): PreflightError {
  const proxy = access.cluster.proxyUrl === undefined ? "" : `, by way of the proxy ${hostOf(access.cluster.proxyUrl)}`;
  return new PreflightError(`${placeOf(access)} cannot be reached${proxy}: ${why}`, {
    hint: `check that the cluster is up and that this machine gets there; the address stands in ${access.file}, and cluster.context chooses another cluster (kubectl config get-contexts)`,
    cause,
  });
}

/** Its answers are not JSON: a page to sign in at, or something else that listens there. */
export function notAnApiServer(access: ClusterAccess): PreflightError {
  return new PreflightError(`${placeOf(access)} does not answer as API servers do`, {
    hint: `check the address in ${access.file}, and what stands between this machine and the cluster`,
  });
}

function tlsFailed(problem: TlsProblem, access: ClusterAccess, cause?: Error): PreflightError {
  const { cluster, file, user } = access;
  const anew = `get ${file} anew from where it came`;
  const expiry = certificateProblem(user.cert);
  if (problem === "client" && expiry !== undefined) return certificateEnded(expiry, access);
  const explained: Readonly<Record<TlsProblem, readonly [why: string, hint: string]>> = {
    "unknown-ca": [
      "its certificate is not from an authority that the kubeconfig trusts",
      `${anew}: the cluster may have been made anew; certificate-authority-data of the cluster ${cluster.name} is the authority it names`,
    ],
    expired: [
      "its certificate has expired",
      "have the cluster's administrator renew it, and check this machine's clock",
    ],
    "not-yet-valid": ["its certificate is not valid yet", "check this machine's clock"],
    "wrong-name": [
      "its certificate is for another name",
      `use one of the certificate's names as server in ${file}, or name it there: tls-server-name`,
    ],
    plain: ["it does not speak TLS", `check the address and its port in ${file}`],
    client: [`it does not accept the certificate of the user ${user.name}`, anew],
    other: ["TLS failed", `check the address in ${file}, and what stands between this machine and the cluster`],
  };
  const [why, hint] = explained[problem];
  return new PreflightError(`no trusted connection to ${placeOf(access)}: ${why}`, { hint, cause });
}

/** 401. */
function notKnown(access: ClusterAccess): PreflightError {
  const { user, context, file } = access;
  const expiry = certificateProblem(user.cert);
  if (expiry !== undefined) return certificateEnded(expiry, access);
  const place = placeOf(access);
  if (user.program !== undefined) {
    return new PreflightError(`${place} does not accept what ${user.program.command} gives for the user ${user.name}`, {
      hint: `sign in anew with that program, and try kubectl --context ${context} auth whoami`,
    });
  }
  const means = user.token ?? user.tokenFile;
  if (means !== undefined) {
    return new PreflightError(`${place} does not accept the token of the user ${user.name}: it may have expired`, {
      hint: `get a new one into ${file} (kubectl --context ${context} auth whoami tells whether it works)`,
    });
  }
  return notSignedIn(access);
}

function notSignedIn(access: ClusterAccess): PreflightError {
  const { user, file, context } = access;
  const who = user.name === "" ? `the context ${context} names no user` : `the user ${user.name} is not known to it`;
  return new PreflightError(`not signed in at ${placeOf(access)}: ${who}`, {
    hint: `get ${file} anew from your cluster's administrator, or choose another context (kubectl config get-contexts)`,
  });
}

function certificateEnded(problem: string, access: ClusterAccess): PreflightError {
  return new PreflightError(`the client certificate of the user ${access.user.name} ${problem}`, {
    hint: `get ${access.file} anew from your cluster's administrator, and check this machine's clock`,
  });
}

/** `expired on 2026-11-01`; undefined for one that is valid now, or that cannot be read. */
export function certificateProblem(pem: string | undefined): string | undefined {
  if (pem === undefined) return undefined;
  try {
    const { validFromDate, validToDate } = new X509Certificate(pem);
    const now = new Date();
    if (validToDate < now) return `expired on ${validToDate.toISOString().slice(0, 10)}`;
    return validFromDate > now ? `is not valid before ${validFromDate.toISOString().slice(0, 10)}` : undefined;
  } catch {
    return undefined;
  }
}

function invalidHeader({ user, file }: ClusterAccess): PreflightError {
  return new PreflightError(`the token of the user ${user.name} holds characters that no token has`, {
    hint: `correct it in ${file}`,
  });
}

/** The cluster in messages. */
export function placeOf({ server, context }: ClusterAccess): string {
  return `the API server ${server} (context ${context})`;
}

function hostOf(proxyUrl: string): string {
  return URL.canParse(proxyUrl) ? new URL(proxyUrl).host : "of the kubeconfig";
}
